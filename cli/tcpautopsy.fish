# Completion: the tool itself tells what may come next, a word and what it means on a line.
function __tcpautopsy_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l found (command $words[1] --complete-described $words[2..-1] "$current" 2>/dev/null)
    if test (count $found) -gt 0
        printf '%s\n' $found
    else
        __fish_complete_path "$current"
    end
end
complete -c tcpautopsy -f -a '(__tcpautopsy_complete)'
