//! The listener.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, HttpResponse, HttpServer, web};
use adapter_way4::token::ExpiresIn;
use status_store::store::Store;

use crate::auth::Authenticator;
use crate::config::Config;
use crate::formats::Route;
use crate::gateway::Gateway;
use crate::serve::ServeError;
use crate::wire::{self, Door};

/// Binds the address and serves every route on it.
pub(super) fn listen<S: Store>(
    config: &Config,
    routes: Vec<Route>,
    authenticator: &Arc<Authenticator>,
    gateway: &Gateway<S>,
) -> Result<(SocketAddr, actix_web::dev::Server), ServeError> {
    let settings = &config.server;
    let address = settings.listen;
    let failed = |source| ServeError::Listen { address, source };
    let body_deadline = settings.body_timeout;
    let as_text = config.way4.as_ref().is_some_and(|way4| way4.expires_in_as_text);
    let expires_in = if as_text { ExpiresIn::Text } else { ExpiresIn::Number };
    let doors: Vec<(&[&str], web::Data<Door<S>>)> = routes
        .into_iter()
        .map(|route| {
            let door = Door {
                format: route.format,
                authenticator: Arc::clone(authenticator),
                gateway: gateway.clone(),
                body_deadline,
                request_id_header: route.request_id_header,
            };
            (route.paths, web::Data::new(door))
        })
        .collect();
    let (authenticator, gateway) = (Arc::clone(authenticator), gateway.clone());
    let app = move || {
        let tokens = wire::token_routes(Arc::clone(&authenticator), body_deadline, expires_in);
        let mut app = App::new()
            .wrap(from_fn(limit_head))
            .configure(wire::operations_routes(gateway.clone()))
            .configure(tokens)
            .default_service(web::to(nothing_here));
        for (paths, door) in &doors {
            for path in *paths {
                let resource = web::resource(*path).app_data(web::Data::clone(door));
                app = app.service(resource.default_service(web::to(wire::exchange::<S>)));
            }
        }
        app
    };
    let mut server = HttpServer::new(app)
        .disable_signals()
        .backlog(settings.backlog.get())
        .max_connections(settings.connections_max.get())
        .client_request_timeout(settings.head_timeout)
        .shutdown_timeout(settings.shutdown_timeout.as_secs());
    if let Some(workers) = settings.workers {
        server = server.workers(workers.get());
    }
    let server = server.bind(address).map_err(failed)?;
    let bound = server.addrs().first().copied().unwrap_or(address);
    Ok((bound, server.run()))
}

/// Largest head that is accepted, in bytes of names and values.
const HEAD_MAX: usize = 16 * 1024;

/// Refuses a head that is larger than any format needs.
async fn limit_head(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, actix_web::Error> {
    let headers = request.headers().iter();
    let size: usize = headers.map(|(name, value)| name.as_str().len() + value.len()).sum();
    if size + request.uri().to_string().len() > HEAD_MAX {
        tracing::info!(outcome = "head_too_large", status = 431, "answered");
        let refused = HttpResponse::RequestHeaderFieldsTooLarge().finish();
        return Ok(request.into_response(refused));
    }
    next.call(request).await.map(ServiceResponse::map_into_boxed_body)
}

/// No format has this path, so there is no envelope to answer in.
async fn nothing_here() -> HttpResponse {
    // The path is not logged: it may hold whatever a caller mistook for part of it.
    tracing::info!(outcome = "no_such_path", status = 404, "answered");
    HttpResponse::NotFound()
        .content_type("application/json")
        .body(r#"{"error":"there is nothing at this path"}"#)
}
