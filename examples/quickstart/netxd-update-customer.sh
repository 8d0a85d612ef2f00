#!/usr/bin/env bash
# NetXD, Update Customer - Consumer.
# usage: netxd-update-customer.sh [CUSTOMER [E-MAIL]]
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
customer=${1:-100000000001001} email=${2:-customersample@gmail.com}

payload='{"ID":"'$customer'","type":"INDIVIDUAL","DOB":"19991209","title":"Mr","address":{"addressLine1":"1000 PEACHTREE ST N.E.","city":"ATLANTA","state":"US","country":"US","zip":"12345"},"contact":{"phoneNumber":"1274563211","email":"'$email'"},"gender":"","firstName":"Mark","lastName":"Antony","institutionName":"Bank","institutionId":"1234"}'
signature=$(printf '%s' "$payload" | openssl dgst -sha256 -sign "$NETXD_PRIVATE_KEY" | openssl base64 -A)

answer=$(curl -sS --location --globoff "$STATUSGATE_URL/jsonrpc" \
    --header 'Content-Type: application/json' \
    --data-raw '{"method":"CustomerService.UpdateCustomer","id":"1","params":{"api":{"signature":"'"$signature"'","keyId":"'"$NETXD_KEY_ID"'","credential":"'"$NETXD_CREDENTIAL"'","apiKey":"'"$NETXD_API_KEY"'"},"payload":'"$payload"'}}')
conclude "$answer" '"result":{'
