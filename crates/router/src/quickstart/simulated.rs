//! The simulators' side of the gateway's own credentials.

use simulators::{
    CapillarySettings, N4nSettings, NetxdSettings, Way4Settings, seeded_capillary_customers,
    seeded_n4n_customers, seeded_netxd_customers, seeded_way4_contracts,
};

use super::credentials::{Credentials, ORG_ID};
use super::{Addresses, SimulatorPlan};

/// The institution of the vendor's sample, and the bank it stands for here.
pub(super) const FI_CODE: &str = "362";
pub(super) const BANK_ID: &str = "NIC";

/// The organisation's labels: the status each stands for in the gateway, and the system status it has in
/// the CRM. `Active` and `Suspended` are those of the vendor's samples; the others are the
/// organisation's own, as labels are.
pub(super) const LABELS: [(&str, &str, &str); 7] = [
    ("Active", "ACTIVE", "ACTIVE"),
    ("Dormant", "DORMANT", "ACTIVE"),
    ("Inactive", "INACTIVE", "ACTIVE"),
    ("Suspended", "SUSPENDED", "SUSPENDED"),
    ("Blocked", "BLOCKED", "SUSPENDED"),
    ("Blacklisted", "BLACKLISTED", "FRAUD_CONFIRMED"),
    ("Closed", "CLOSED", "DELETED"),
];

pub(super) fn plan(credentials: &Credentials, addresses: &Addresses) -> SimulatorPlan {
    let netxd = NetxdSettings {
        key_id: credentials.netxd_gateway.key_id.clone(),
        username_and_key: credentials.netxd_gateway.username_and_key().into(),
        api_key: credentials.netxd_gateway.api_key.clone().into(),
        public_key_pem: credentials.netxd_gateway.public_key.clone(),
        enrol_unknown: true,
        customers: seeded_netxd_customers(),
    };
    let way4 = Way4Settings {
        client_id: credentials.ni_gateway.name.clone(),
        client_secret: credentials.ni_gateway.secret.clone().into(),
        token_lifetime_s: 1800,
        fi_code: FI_CODE.to_owned(),
        enrol_unknown: true,
        contracts: seeded_way4_contracts(),
    };
    let capillary = CapillarySettings {
        org_id: ORG_ID.into(),
        till: credentials.capillary_gateway.code.clone(),
        password_md5: credentials.capillary_gateway.password_md5.clone().into(),
        oauth: None,
        token_lifetime_s: 300,
        labels: LABELS
            .map(|(label, _, system_status)| (label.to_owned(), system_status.to_owned()))
            .into(),
        enrol_unknown: true,
        customers: seeded_capillary_customers(),
    };
    let n4n = N4nSettings {
        api_key: credentials.n4n_gateway.secret.clone().into(),
        api_username: credentials.n4n_gateway.name.clone(),
        enrol_unknown: true,
        customers: seeded_n4n_customers(),
    };
    SimulatorPlan {
        netxd: (addresses.netxd, netxd),
        way4: (addresses.way4, way4),
        capillary: (addresses.capillary, capillary),
        n4n: (addresses.n4n, n4n),
    }
}
