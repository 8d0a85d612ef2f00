//! Which call a method and a path are.

use http::Method;
use status_domain::adapter::UnreadableKind;

/// A call of the request workflow.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Route<'a> {
    /// Ask for something, of this type.
    Create(&'a str),
    /// Decide on something of this type.
    Decide(&'a str),
    /// Show the request with this id.
    Show(&'a str),
    /// List requests.
    List,
}

/// Finds the call. The vendor's text and its definition differ in the prefix `/v2`: both are served.
pub(super) fn find<'a>(method: &Method, path: &'a str) -> Result<Route<'a>, UnreadableKind> {
    let inner = path.strip_prefix("/v2/").or_else(|| path.strip_prefix('/'));
    let rest = inner.and_then(|inner| inner.strip_prefix("api_gateway/v2/request-workflow/"));
    let mut parts = rest.ok_or(UnreadableKind::Path)?.split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(kind), None, None) if !kind.is_empty() => match *method {
            Method::GET if kind == "requests" => Ok(Route::List),
            Method::POST => Ok(Route::Create(kind)),
            Method::PUT => Ok(Route::Decide(kind)),
            _ if kind == "requests" => Err(UnreadableKind::Method("GET")),
            _ => Err(UnreadableKind::Method("POST, PUT")),
        },
        (Some("requests"), Some(id), None) if !id.is_empty() => {
            if *method == Method::GET {
                Ok(Route::Show(id))
            } else {
                Err(UnreadableKind::Method("GET"))
            }
        }
        _ => Err(UnreadableKind::Path),
    }
}

/// Whether a request type is the one that is served. The vendor writes it in four ways that differ in
/// letter case and in `-` and `_`.
pub(super) fn is_served(kind: &str) -> bool {
    kind.replace('_', "-").eq_ignore_ascii_case(crate::wire::REQUEST_TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_documented_call_is_found_with_and_without_the_outer_prefix() {
        for prefix in ["", "/v2"] {
            let path = |rest: &str| format!("{prefix}/api_gateway/v2/request-workflow/{rest}");
            let kind = path("CUSTOMER-STATUS-CHANGE");
            assert_eq!(find(&Method::POST, &kind), Ok(Route::Create("CUSTOMER-STATUS-CHANGE")));
            assert_eq!(find(&Method::PUT, &kind), Ok(Route::Decide("CUSTOMER-STATUS-CHANGE")));
            assert_eq!(find(&Method::GET, &path("requests")), Ok(Route::List));
            assert_eq!(find(&Method::GET, &path("requests/a-1")), Ok(Route::Show("a-1")));
        }
    }

    #[test]
    fn other_paths_and_methods_are_told_apart() {
        let base = "/api_gateway/v2/request-workflow/";
        let found =
            |method: &Method, rest: &str| find(method, &format!("{base}{rest}")).unwrap_err();
        assert_eq!(
            found(&Method::DELETE, "CUSTOMER-STATUS-CHANGE"),
            UnreadableKind::Method("POST, PUT")
        );
        assert_eq!(
            found(&Method::GET, "CUSTOMER-STATUS-CHANGE"),
            UnreadableKind::Method("POST, PUT")
        );
        assert_eq!(found(&Method::PUT, "requests/1"), UnreadableKind::Method("GET"));
        for rest in ["", "requests/", "requests/1/2", "x/1"] {
            assert_eq!(found(&Method::GET, rest), UnreadableKind::Path, "{rest}");
        }
        assert_eq!(find(&Method::GET, "/v2/customers/lookup/status"), Err(UnreadableKind::Path));
    }

    #[test]
    fn the_request_type_is_known_in_all_four_spellings() {
        for kind in [
            "CUSTOMER-STATUS-CHANGE",
            "customer-status-change",
            "CUSTOMER_STATUS_CHANGE",
            "Customer_status_change",
        ] {
            assert!(is_served(kind), "{kind}");
        }
        assert!(!is_served("POINTS-REDEMPTION"));
    }
}
