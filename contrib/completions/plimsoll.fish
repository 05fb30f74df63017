# fish completion for plimsoll
complete -c plimsoll -f
set -l commands run chat eval serve pull models plan device prove watch
complete -c plimsoll -n "not __fish_seen_subcommand_from $commands" -a "$commands"

set -l models run chat eval serve plan prove
set -l engines run chat eval serve prove
for entry in "$models device:strategy:tiered fitted quick-fix legacy" "$models device:device-memory:" \
        "$models:vision-kernels:best int8 bf16 plain libmtmd" "$engines:memory-limit:" "$engines:cache-limit:" \
        "$engines:max-tokens:" "$engines:image-size:full" "$engines:temperature:" "$engines:top-p:" "run chat serve:system:" \
        "$engines:threads:" "run chat:seed:" "serve:host:" "serve:port:" "serve:api-key:" "serve:allow-origin:" \
        "serve:max-queue:" "serve:parallel:" "serve:max-body:" "serve:shutdown-seconds:" "prove:minutes:" \
        "eval:kv-type:f16 q8_0 q4_0" "pull:name:" "pull:stall-timeout:" "pull:tries:"
    set -l parts (string split : $entry)
    complete -c plimsoll -n "__fish_seen_subcommand_from $parts[1]" -l $parts[2] -x -a "$parts[3]"
end
for entry in "$models:model" "$models:mmproj" "run chat:image" "eval:questions" "eval:json" "run chat:video" "serve:api-key-file" \
        "prove:report" "prove:json"
    set -l parts (string split : $entry)
    complete -c plimsoll -n "__fish_seen_subcommand_from $parts[1]" -l $parts[2] -r -F
end
for entry in "$engines:verbose" "run chat plan device watch pull models:json" "eval:wrong" "serve:allow-remote-images" "serve:metrics" "serve:no-worker" \
        "prove:quick" "prove:compare"
    set -l parts (string split : $entry)
    complete -c plimsoll -n "__fish_seen_subcommand_from $parts[1]" -l $parts[2]
end
