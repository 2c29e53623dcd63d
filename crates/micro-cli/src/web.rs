//! `micro web`: where the pages of services are.

use clap::Args;
use micro::join::Join;
use micro::registry::short_name;
use micro_proto::registry::{ListRequest, Options, Registry as _, RegistryClient, Service};
use micro_rpc::Context;

use crate::errors::{Failure, Result};
use crate::output::{self, Output, print_json};
use crate::session::{Globals, Session};

/// The endpoint by which a service shows that it has pages.
const ENDPOINT: &str = "Web.Serve";
const PORT: u16 = 8082;

/// Say where the pages of services are, for a browser.
#[derive(Args, Debug)]
#[command(after_help = "EXAMPLE:\n   micro web\n   xdg-open $(micro web user)")]
pub struct WebArgs {
    /// Only the address of this service's pages
    name: Option<String>,
}

/// Prints addresses.
pub async fn run(globals: &Globals, args: WebArgs) -> Result<()> {
    let session = Session::open(globals).await?;
    let web = address(&session, Join::read(&globals.home)?)?;
    let names = with_pages(&session).await?;
    let url = |name: &str| format!("{web}/{name}/");
    if let Some(name) = args.name {
        let name = short_name(&name);
        if !names.iter().any(|known| known == name) {
            let hint =
                "micro web lists those that have; a service shows pages that it was given with Service::web";
            return Err(Failure::new(1, format!("No service {name} with pages is running")).with_hint(hint));
        }
        return output::line(&url(name));
    }
    if matches!(globals.output, Output::Json) {
        let pages: serde_json::Map<_, _> = names
            .iter()
            .map(|name| (name.clone(), url(name).into()))
            .collect();
        return print_json(&serde_json::json!({"url": format!("{web}/"), "services": pages}));
    }
    let rows = names.iter().map(|name| vec![name.clone(), url(name)]).collect();
    output::line(&format!("{web}/"))?;
    match names.is_empty() {
        true => output::line("No service that runs has pages: micro new --web NAME makes one that has"),
        false => output::line(&output::table(&[], rows)),
    }
}

/// The URL of the pages: the one that a server on this machine has written down, else the usual port where the proxy is.
fn address(session: &Session, join: Option<Join>) -> Result<String> {
    match join.filter(|join| join.proxy == session.address) {
        Some(join) if join.web.is_empty() => Err(Failure::new(
            1,
            "The server shows no pages: it had no port for them, or was told not to",
        )
        .with_hint("micro server --web_address=127.0.0.1:8082")),
        Some(join) => Ok(join.web),
        None => {
            let host = session
                .address
                .rsplit_once(':')
                .map_or(&*session.address, |(host, _)| host);
            Ok(format!("http://{host}:{PORT}"))
        }
    }
}

async fn with_pages(session: &Session) -> Result<Vec<String>> {
    let options = Options {
        domain: session.namespace.clone(),
        ..Options::default()
    };
    let request = ListRequest {
        options: Some(options),
    };
    let answer = RegistryClient::new(&session.client)
        .list_services(&Context::background(), request)
        .await;
    let services = answer.map_err(|error| session.explain(error))?.services;
    let has_pages = |service: &&Service| service.endpoints.iter().any(|endpoint| endpoint.name == ENDPOINT);
    let mut names: Vec<_> = services
        .iter()
        .filter(has_pages)
        .map(|service| service.name.clone())
        .collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
