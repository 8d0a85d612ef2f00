#!/usr/bin/env bash
# Network International (WAY4), Account Status Change, with the token call before it.
# usage: way4-account-status-change.sh [--basic] [--fresh | --msg-id ID] [CONTRACT [SLOT [CODE]]]
#
#   --basic      gets the token by GET with HTTP Basic instead of by a POST form
#   --fresh      a message number of its own
#   --msg-id ID  this message number, at most 12 letters and digits
#
# Without either, the number is that of the vendor's sample, 1692103705. A message with a number that
# was used before is a repeat: it gets the answer of the first one and has no further effect. With
# another content it is refused (G009). So anything but the sample needs a number of its own.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
token_call=form msg_id=1692103705
while [ $# -gt 0 ]; do
    case $1 in
    --basic) token_call=basic ;;
    --fresh) msg_id=$(date +%s)$((RANDOM % 90 + 10)) ;;
    --msg-id)
        msg_id=${2:?--msg-id needs a number}
        shift
        ;;
    --*)
        echo "unknown option $1" >&2
        exit 2
        ;;
    *) break ;;
    esac
    shift
done
contract=${1:-0003621110000000183} slot=${2:-ACC2} code=${3:-C}

if [ $token_call = form ]; then
    token=$(curl -sS "$STATUSGATE_URL/v1/tokenkc/generate" \
        -H 'Content-Type: application/x-www-form-urlencoded' \
        -d grant_type=client_credentials \
        --data-urlencode "client_id=$NI_CLIENT_ID" --data-urlencode "client_secret=$NI_CLIENT_SECRET")
else
    token=$(curl -sS "$STATUSGATE_URL/v1/tokenkc/generate" -u "$NI_CLIENT_ID:$NI_CLIENT_SECRET")
fi
access_token=$(printf '%s' "$token" | sed -n 's/.*"access_token":"\([^"]*\)".*/\1/p')
if [ -z "$access_token" ]; then
    echo "no token: $token" >&2
    exit 1
fi

answer=$(curl -sS "$STATUSGATE_URL/AccountServices/Transaction/V2/AccountStatusChange" \
    -H "Authorization: Bearer $access_token" \
    -H 'Content-Type: application/json' \
    --data-binary @- <<JSON
{
    "NISrvRequest": {
        "request_account_status_change": {
            "header": {
                "msg_id": "$msg_id",
                "msg_type": "TRANSACTION",
                "msg_function": "REQ_ACCOUNT_STATUS_CHANGE",
                "src_application": "BNK",
                "target_application": "WAY4",
                "timestamp": "2023-03-03T17:01:21.609+04:00",
                "tracking_id": "13221413256",
                "bank_id": "$NI_BANK_ID"
            },
            "body": {
                "account_identifier_type": "CONTRACT_NUMBER",
                "account_identifier_id": "$contract",
                "status": {
                    "type": "BCC-$slot-362",
                    "value": "$code"
                },
                "custom_fields": [
                    {
                        "key": "bc_channel",
                        "value": "TIB1"
                    }
                ]
            }
        }
    }
}
JSON
)
conclude "$answer" '"status":"S"'
