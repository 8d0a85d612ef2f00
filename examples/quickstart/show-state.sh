#!/usr/bin/env bash
# What the four simulated systems hold, and how many status-changing requests each has received.
# usage: show-state.sh [--json]
#
# The customer of the walkthrough appears with the first change that names it.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# The configuration that quickstart wrote beside the variables names the four in this order.
{
    read -r netxd
    read -r way4
    read -r capillary
    read -r n4n
} < <(sed -n 's/^base_url = "\(.*\)"$/\1/p' "$(dirname "$environment")/quickstart.toml")
state() {
    curl -sS --fail "$1/_sim/state"
}
netxd=$(state "$netxd") way4=$(state "$way4") capillary=$(state "$capillary") n4n=$(state "$n4n")

if [ "${1:-}" = --json ]; then
    printf '{"netxd":%s,"way4":%s,"capillary":%s,"n4n":%s}\n' "$netxd" "$way4" "$capillary" "$n4n"
    exit
fi

# rows SYSTEM STATE PATTERN: each customer or account (first group) with what is held (second, third).
rows() {
    printf '%s' "$2" | grep -oE "$3" | sed -E "s/$3/\1 \2 \3/" | while read -r id held more; do
        printf '%-10s %-20s %s\n' "$1" "$id" "$held${more:+ $more}"
    done
}
rows NetXD "$netxd" '"([^"]*)":\{"status":"([A-Z_]*)()"'
rows WAY4 "$way4" '"([^"]*)":\{"(ACC1":"[^"]*)","(ACC2":"[^"]*)"\}' | sed 's/":"/=/g'
rows Capillary "$capillary" '"mobile":"([^"]*)","label":"([^"]*)()"'
rows N4N "$n4n" '"([^"]*)":\{"locked":(true|false)()' | sed 's/true$/locked/; s/false$/unlocked/'

received() {
    printf '%s' "$1" | sed -E 's/.*"received":([0-9]+),"applied":[0-9]+,"by_subject".*/\1/'
}
printf 'received: NetXD %s, WAY4 %s, Capillary %s, N4N %s\n' \
    "$(received "$netxd")" "$(received "$way4")" "$(received "$capillary")" "$(received "$n4n")"
