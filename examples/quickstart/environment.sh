# Sourced by the scripts beside it. Reads the addresses and development credentials that
# `statusgate quickstart` wrote: the file named by STATUSGATE_ENV, or else var/quickstart.env.
# A relative name is relative to the root of the repository, wherever a script is called from.

environment=${STATUSGATE_ENV:-var/quickstart.env}
case $environment in
/*) ;;
*) environment=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)/$environment ;;
esac
if [ ! -r "$environment" ]; then
    echo "$environment cannot be read: start the gateway with 'make run' first," \
        "or name its file in STATUSGATE_ENV" >&2
    exit 2
fi
. "$environment"

# What listens on this machine is not to be sought behind a proxy.
host=${STATUSGATE_URL#*://}
export no_proxy="${host%:*}${no_proxy:+,$no_proxy}"

# conclude ANSWER TEXT: prints the answer and ends the script, with success if the text is in it.
conclude() {
    printf '%s\n' "$1"
    case $1 in
    *"$2"*) exit 0 ;;
    *) exit 1 ;;
    esac
}
