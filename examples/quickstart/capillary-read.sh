#!/usr/bin/env bash
# Capillary, Get request info.
# usage: capillary-read.sh [REQUEST]
#
# Without REQUEST, the newest one.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
requests=$STATUSGATE_URL/api_gateway/v2/request-workflow/requests
request=${1:-}

if [ -z "$request" ]; then
    newest=$(curl -sS "$requests?limit=1" \
        -H "X-CAP-API-AUTH-ORG-ID: $CAPILLARY_ORG_ID" \
        -H "Authorization: Basic $CAPILLARY_MAKER_BASIC")
    request=$(printf '%s' "$newest" | sed -n 's/^{"data":\[{"requestId":"\([^"]*\)".*/\1/p')
    if [ -z "$request" ]; then
        echo "there is no request yet: $newest" >&2
        exit 1
    fi
fi

answer=$(curl -sS "$requests/$request" \
    -H "X-CAP-API-AUTH-ORG-ID: $CAPILLARY_ORG_ID" \
    -H "Authorization: Basic $CAPILLARY_MAKER_BASIC")
conclude "$answer" '{"data":{"requestId":"'"$request"'"'
