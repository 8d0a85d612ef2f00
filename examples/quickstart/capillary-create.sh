#!/usr/bin/env bash
# Capillary, Change customer status request: a maker asks, nothing changes until a checker approves.
# usage: capillary-create.sh [MOBILE [LABEL [REASON]]]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
mobile=${1:-919780375690} label=${2:-Suspended} reason=${3:-testing}

# The host and the credential in the payload are compared with the configuration and dropped: the
# gateway calls no address, and sends no credential, that a payload names.
answer=$(curl -sS "$STATUSGATE_URL/api_gateway/v2/request-workflow/CUSTOMER-STATUS-CHANGE" \
    -H "X-CAP-API-AUTH-ORG-ID: $CAPILLARY_ORG_ID" \
    -H "X-CAP-UI-AUTH-TOKEN: $CAPILLARY_MAKER_TOKEN" \
    -H 'Content-Type: application/json' \
    --data-binary @- <<JSON
{
    "entityInfo": {
        "tillId" : "50682289",
        "storeId": "50682288",
        "zoneId": "50682286",
        "conceptId": "50678331"
    },
    "payload": {
        "IntouchAPITask-Payload": {
            "hostname": "<https://eu.api.capillarytech.com>",
            "path": "/v2/customers/lookup/status",
            "method": "POST",
            "pathParams": {},
            "queryParams": {
                "source": "INSTORE",
                "accountId": "",
                "use_async": "false",
                "identifierName": "mobile",
                "identifierValue": "$mobile"
            },
            "body": {
                "reason": "$reason",
                "label": "$label"
            },
            "headers": {
                "Authorization": "Basic $CAPILLARY_MAKER_BASIC",
                "content-type": "application/json"
            }
        }
    }
}
JSON
)
conclude "$answer" '"state":"AdminTask"'
