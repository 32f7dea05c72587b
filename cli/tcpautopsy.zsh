#compdef tcpautopsy
# Completion: the tool itself tells what may come next, a word and what it means on a line.
_tcpautopsy() {
  local -a lines
  lines=("${(@f)$("${(Q)words[1]}" --complete-described "${(@Q)words[2,CURRENT]}" 2>/dev/null)}")
  lines=(${lines:#})
  if (( ! $#lines )); then
    _files
    return
  fi
  local line separator='--'
  local -a whole shown begun
  for line in $lines; do
    if [[ ${line%%$'\t'*} == *= ]]; then
      begun+=("${line%%$'\t'*}")
    else
      whole+=("${line%%$'\t'*}")
      shown+=("${line/$'\t'/ $separator }")
    fi
  done
  (( $#begun )) && compadd -S '' -a begun
  (( $#whole )) && compadd -l -d shown -a whole
}
_tcpautopsy "$@"
