#!/usr/bin/env bash
# The story of the README from end to end, each step checked. Can be run again and again.
# usage: walkthrough.sh
set -euo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
. "$here/environment.sh"

# One customer, as each of the four systems names it.
netxd=100000000031001 contract=0003621110000004242 mobile=447700900123 n4n=70413

say() {
    printf '\n== %s\n' "$1"
}

fail() {
    printf 'FAILED: %s\n' "$1" >&2
    exit 1
}

# run SCRIPT ARGUMENT...: shows the call and its answer, keeps the answer in $answer and the exit status in $status.
run() {
    printf '$ %s\n' "$*"
    status=0
    answer=$("$here/$@" 2>&1) || status=$?
    printf '%s\n' "$answer"
}

succeeds() {
    run "$@"
    [ "$status" -eq 0 ] || fail "$1 ended with status $status"
}

# refused TEXT SCRIPT ARGUMENT...: the call must fail, and its answer contain the text.
refused() {
    local text=$1
    shift
    run "$@"
    [ "$status" -eq 1 ] || fail "$1 ended with status $status instead of being refused"
    case $answer in
    *"$text"*) ;;
    *) fail "the refusal does not say '$text'" ;;
    esac
}

# holds STATUS ACC1 ACC2 LABEL LOCK: what the four systems must hold for the customer.
holds() {
    local state line
    state=$("$here/show-state.sh" | tr -s ' ')
    for line in "NetXD $netxd $1" "WAY4 $contract ACC1=$2 ACC2=$3" "Capillary $mobile $4" "N4N $n4n $5"; do
        printf '%s\n' "$state" | grep -Fx "$line" || fail "not so: $line"
    done
}

received() {
    "$here/show-state.sh" | tail -n 1
}

say 'What an earlier run may have left is undone'
run way4-account-status-change.sh --fresh $contract ACC1 _
run n4n-unlock.sh customer_id=$n4n

say 'A status set in NetXD format reaches all four systems'
succeeds netxd-update-customer-status.sh $netxd ACTIVE
holds ACTIVE _ _ Active unlocked

say 'A fraud block in WAY4 format reaches all four'
message=$(date +%s)$((RANDOM % 90 + 10))
succeeds way4-account-status-change.sh --msg-id "$message" $contract ACC1 O
first=$answer
holds BLOCKED O _ Blocked locked

say 'The same message again: the same answer, and no system is asked a second time'
before=$(received)
succeeds way4-account-status-change.sh --msg-id "$message" $contract ACC1 O
[ "$answer" = "$first" ] || fail 'the repeat got another answer'
[ "$(received)" = "$before" ] || fail 'the repeat was sent on'
refused '"error_code":"G009"' way4-account-status-change.sh --msg-id "$message" $contract ACC1 _

say 'While the block stands, nobody lifts it by the way'
refused '"code":"INVALID_STATUS"' netxd-update-customer-status.sh $netxd ACTIVE
refused '"code":900102' capillary-create.sh $mobile Active
refused '"result":"error"' n4n-unlock.sh customer_id=$n4n
holds BLOCKED O _ Blocked locked

say 'Its owner does'
succeeds way4-account-status-change.sh --fresh $contract ACC1 _
holds ACTIVE _ _ Active unlocked

say 'A request in Capillary format waits for its checker'
succeeds capillary-create.sh $mobile Suspended
request=$(printf '%s' "$answer" | sed -n 's/^{"data":{"requestId":"\([^"]*\)".*/\1/p')
holds ACTIVE _ _ Active unlocked
refused '"code":2001' capillary-decide.sh --as-maker "$request"
succeeds capillary-decide.sh "$request" approved
holds SUSPENDED _ T Suspended unlocked
refused '"code":2002' capillary-decide.sh "$request" rejected

say 'Back to the start'
succeeds netxd-update-customer-status.sh $netxd ACTIVE
holds ACTIVE _ _ Active unlocked

printf '\nThe walkthrough is as the README tells it.\n'
