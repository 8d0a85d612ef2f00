#!/usr/bin/env bash
# Capillary, Get all requests: the newest first.
# usage: capillary-list.sh [STATES [LIMIT]]
#
# STATES: a comma list of AdminTask, IntouchAPITask, approved, rejected, failed. Without it, all.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
states=${1:-} limit=${2:-5}

answer=$(curl -sS "$STATUSGATE_URL/api_gateway/v2/request-workflow/requests?states=$states&limit=$limit&PageNo=" \
    -H "X-CAP-API-AUTH-ORG-ID: $CAPILLARY_ORG_ID" \
    -H "Authorization: Basic $CAPILLARY_MAKER_BASIC")
conclude "$answer" '{"data":['
