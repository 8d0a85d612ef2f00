//! A bare HTTP server: what the listener's library and the load take of the machine.

use std::net::SocketAddr;
use std::process::{ExitCode, Stdio};

use actix_web::web::Bytes;
use actix_web::{App, HttpResponse, HttpServer, web};
use anyhow::Context as _;

use crate::load::{self, Outcome, Plan};
use crate::machine::Meter;
use crate::options::Options;
use crate::request::Way4Template;
use crate::{report, scenario, stand};

/// The line that says that it listens.
const READY: &str = "echo ready";

pub(super) fn run(options: &Options, connections: u16) -> anyhow::Result<Outcome> {
    let address = SocketAddr::from((stand::address(), 8080));
    let argument = format!("--echo={address}");
    let own = std::env::current_exe().context("finding this program")?;
    let server = stand::Process::start(&own, &[argument.as_ref()], READY, Stdio::inherit())?;
    let connections = usize::from(connections);
    let plan = Plan {
        address,
        connections,
        rate: None,
        warm_up: options.warm_up,
        measured: options.seconds,
        expected: r#""msg_id""#,
    };
    // As long as the gateway's tokens.
    let template = Way4Template::new(address, &"t".repeat(340))?;
    let meter = Meter { process: Some(server.id()), simulators: Vec::new() };
    load::run(plan, &meter, &scenario::fresh(&template, connections))
}

/// Serves until it is killed, with as many workers as the gateway has.
pub(crate) fn serve(address: SocketAddr) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting the server")?.block_on(async {
        let app = || App::new().default_service(web::post().to(echo));
        let server = HttpServer::new(app).disable_signals().bind(address);
        let server = server.with_context(|| format!("listening on {address}"))?.run();
        report::say(READY)?;
        server.await.context("serving")
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn echo(body: Bytes) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(body)
}
