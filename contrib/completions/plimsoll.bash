# bash completion for plimsoll
_plimsoll() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
  local device='--strategy --device-memory'
  local model='--model --mmproj --vision-kernels'
  local engine='--memory-limit --cache-limit --max-tokens --image-size --temperature --top-p --system --threads --verbose'
  local ask='--image --video --seed --json'
  local door='--host --port --api-key --api-key-file --allow-origin --max-queue --parallel --max-body --allow-remote-images
    --metrics --shutdown-seconds --no-worker'
  local proof='--minutes --quick --compare --report --json'
  local words=
  case $previous in
    --strategy) words='tiered fitted quick-fix legacy' ;;
    --vision-kernels) words='best int8 bf16 plain libmtmd' ;;
    --image-size) words='full' ;;
    --image | --video | --mmproj | --model | --api-key-file | --report)
      compopt -o filenames
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return
      ;;
    *)
      if ((COMP_CWORD == 1)); then
        words='run chat eval serve pull models plan device prove watch --help --version'
      else
        case ${COMP_WORDS[1]} in
          run | chat) words="$device $model $engine $ask --help" ;;
          serve) words="$device $model $engine $door --help" ;;
          prove) words="$device $model $engine $proof --help" ;;
          eval) words="$device $model ${engine/--system/} --questions --json --wrong --kv-type --help" ;;
          plan) words="$device $model --json --help" ;;
          device) words="$device --json --help" ;;
          pull) words='--name --stall-timeout --tries --json --help' ;;
          watch | models) words='--json --help' ;;
        esac
      fi
      ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -F _plimsoll plimsoll
