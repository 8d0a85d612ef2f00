#!/usr/bin/env bash
# NATS For Networks, the counterpart of Unlock Customer. The lock guards a record against edits; it is no status.
# usage: n4n-lock.sh [KEY=VALUE]
#
# KEY: customer_id, subscription_id or orderid.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
key=${1:-customer_id=191}

answer=$(curl -sS -X PATCH "$STATUSGATE_URL/api/customer/lock" -H "api-key: $N4N_API_KEY" -H "api-username: $N4N_API_USERNAME" -H "Content-Type: application/x-www-form-urlencoded" -d "$key")
printf '%s\n' "$answer"
[ "$answer" = true ]
