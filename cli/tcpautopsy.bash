# Completion of commands, options (asked of the tool itself) and finding ids.
_tcpautopsy() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=${COMP_WORDS[1]}
  local commands="report flows findings history explain ss stream extract batch help"
  case $command in report | flows | findings | history | explain | ss | stream | extract | batch) ;; *) command=report ;; esac
  COMPREPLY=()
  if [[ $previous == --finding || ($command == explain && $current != -*) ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(tcpautopsy explain --format ndjson | sed 's/.*"id":"\([a-z_0-9]*\)".*/\1/')" -- "$current")
  elif [[ $previous == --set ]]; then
    mapfile -t COMPREPLY < <(compgen -S = -W "$(tcpautopsy explain --format ndjson | grep -o '"setting":"[^"]*"' | cut -d'"' -f4)" -- "$current")
    compopt -o nospace
  elif [[ $previous == --state || $previous == --exclude ]]; then
    mapfile -t COMPREPLY < <(compgen -W "all connected synchronized bucket big established syn-sent syn-recv fin-wait-1 fin-wait-2 close-wait
      closing last-ack time-wait listen closed unknown" -- "$current")
  elif [[ $previous == --direction ]]; then
    mapfile -t COMPREPLY < <(compgen -W "both client server" -- "$current")
  elif [[ $previous == --overlap ]]; then
    mapfile -t COMPREPLY < <(compgen -W "first last" -- "$current")
  elif [[ $previous == --set-by ]]; then
    mapfile -t COMPREPLY < <(compgen -W "name time dir none" -- "$current")
  elif [[ $previous == help ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(tcpautopsy help "$command" | grep -o -- '--[a-z0-9-]*')" -- "$current")
  else
    [[ $COMP_CWORD -eq 1 ]] && mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
    [[ $COMP_CWORD -eq 2 && $command == batch ]] && mapfile -t COMPREPLY < <(compgen -W "report plan run merge" -- "$current")
    compopt -o default
  fi
}
complete -F _tcpautopsy tcpautopsy
