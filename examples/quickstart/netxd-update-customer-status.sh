#!/usr/bin/env bash
# NetXD, Update Customer Status.
# usage: netxd-update-customer-status.sh [CUSTOMER [STATUS [NOTES]]]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
customer=${1:-100000000025001} status=${2:-ACTIVE} notes=${3:-Testing Update}

payload='{"ID":"'$customer'","status":"'$status'","notes":"'$notes'"}'
signature=$(printf '%s' "$payload" | openssl dgst -sha256 -sign "$NETXD_PRIVATE_KEY" | openssl base64 -A)

answer=$(curl -sS --location --globoff "$STATUSGATE_URL/jsonrpc" \
    --header 'Content-Type: application/json' \
    --data '{"method":"CustomerService.UpdateCustomerStatus","id":"1","params":{"api":{"signature":"'"$signature"'","keyId":"'"$NETXD_KEY_ID"'","credential":"'"$NETXD_CREDENTIAL"'"},"payload":'"$payload"'}}')
conclude "$answer" '"result":{'
