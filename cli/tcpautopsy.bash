# Completion: the tool itself tells what may come next.
_tcpautopsy() {
  mapfile -t COMPREPLY < <(tcpautopsy --complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
  if [[ ${#COMPREPLY[@]} -eq 0 ]]; then
    compopt -o default
  elif [[ ${COMPREPLY[0]} == *= ]]; then
    compopt -o nospace
  fi
}
complete -F _tcpautopsy tcpautopsy
