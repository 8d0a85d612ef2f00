//! For those who run it.

use actix_web::{HttpResponse, web};
use status_store::store::Store;

use crate::gateway::Gateway;

/// `/healthz` and `/readyz`.
pub fn routes<S: Store>(gateway: Gateway<S>) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::new(gateway))
            .route("/healthz", web::get().to(alive))
            .route("/readyz", web::get().to(ready::<S>));
    }
}

/// The process runs and its HTTP workers answer.
async fn alive() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("ok\n")
}

/// Changes can be recorded.
async fn ready<S: Store>(gateway: web::Data<Gateway<S>>) -> HttpResponse {
    if gateway.is_ready().await {
        HttpResponse::Ok().content_type("text/plain").body("ready\n")
    } else {
        HttpResponse::ServiceUnavailable()
            .content_type("text/plain")
            .insert_header(("retry-after", "1"))
            .body("the record is not available\n")
    }
}
