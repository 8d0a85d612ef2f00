#!/usr/bin/env bash
# Capillary, Approve or reject a request: a checker decides.
# usage: capillary-decide.sh [--as-maker] [REQUEST [approved|rejected [MESSAGE]]]
#
#   --as-maker  tries it with the maker's token, which is refused
#
# Without REQUEST (or with an empty one), the newest one that waits.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
token=$CAPILLARY_CHECKER_TOKEN
if [ "${1:-}" = --as-maker ]; then
    token=$CAPILLARY_MAKER_TOKEN
    shift
fi
request=${1:-} decision=${2:-approved} message=${3:-caller verified}

if [ -z "$request" ]; then
    waiting=$(curl -sS "$STATUSGATE_URL/api_gateway/v2/request-workflow/requests?states=AdminTask&limit=1" \
        -H "X-CAP-API-AUTH-ORG-ID: $CAPILLARY_ORG_ID" \
        -H "Authorization: Basic $CAPILLARY_CHECKER_BASIC")
    request=$(printf '%s' "$waiting" | sed -n 's/^{"data":\[{"requestId":"\([^"]*\)".*/\1/p')
    if [ -z "$request" ]; then
        echo "no request waits: $waiting" >&2
        exit 1
    fi
fi

answer=$(curl -sS -X PUT "$STATUSGATE_URL/api_gateway/v2/request-workflow/CUSTOMER-STATUS-CHANGE" \
    -H "X-CAP-API-AUTH-ORG-ID: $CAPILLARY_ORG_ID" \
    -H "X-CAP-UI-AUTH-TOKEN: $token" \
    -H 'Content-Type: application/json' \
    --data-binary @- <<JSON
{
    "requestId": "$request",
    "actionName": "AdminTask",
    "payload": {
        "AdminTask-Payload": {
            "actionDecision": "$decision",
            "actionMessage": "$message"
        }
    }
}
JSON
)
conclude "$answer" '"state":"'"$decision"'"'
