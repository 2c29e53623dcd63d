//! What the gateway of a whole platform speaks besides HTTP/1.1.

use std::path::PathBuf;

use futures_util::stream;
use http::uri::PathAndQuery;
use micro_outside::Certificates;
use micro_proto::auth::{ListAccountsRequest, ListAccountsResponse, TokenRequest, TokenResponse};
use micro_proto::reflection::server_reflection_request::MessageRequest;
use micro_proto::reflection::server_reflection_response::MessageResponse;
use micro_proto::reflection::{ServerReflectionRequest, ServerReflectionResponse};
use tonic::client::Grpc;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};
use tonic_prost::ProstCodec;

use super::*;
use crate::gateway::Files;

#[tokio::test(flavor = "multi_thread")]
async fn with_a_certificate_the_gateway_speaks_tls() {
    let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let certificates = Certificates::make();
    let files = |certificate: Option<PathBuf>, key: Option<PathBuf>| Config {
        gateway_tls: Files { certificate, key },
        ..config(home.path())
    };
    for (config, part) in [
        (files(Some(certificates.certificate()), None), "MICRO_API_TLS_KEY"),
        (
            files(Some("/nowhere/x.pem".into()), Some(certificates.key())),
            "/nowhere/x.pem cannot be read: No such file",
        ),
    ] {
        let refused = Server::start(config).await.err().unwrap();
        let why = std::error::Error::source(&refused).unwrap().to_string();
        assert_eq!(refused.to_string(), "cannot start the gateway");
        assert!(why.contains(part), "{why}");
    }
    assert!(!home.path().join("server").exists(), "nothing was changed");
    let running = Server::start(files(Some(certificates.certificate()), Some(certificates.key())))
        .await
        .unwrap();
    let gateway = running.addresses.gateway;
    let join = Join::read(home.path()).unwrap().unwrap();
    assert_eq!(join.gateway, format!("https://{gateway}"));
    let refused = Server::start(Config {
        gateway_address: gateway.to_string(),
        ..config(other.path())
    })
    .await;
    let refused = refused.err().unwrap().to_string();
    assert!(refused.contains("in use by another micro server"), "{refused}");
    running.shutdown().await;
}

/// A gRPC client of the gateway that trusts nobody but this authority.
async fn client(running: &Running, certificates: &Certificates) -> Grpc<Channel> {
    let authority = Certificate::from_pem(std::fs::read(certificates.ca()).unwrap());
    let url = running.addresses.gateway_url(running.addresses.gateway);
    let endpoint = Endpoint::from_shared(url).unwrap();
    let endpoint = endpoint.tls_config(ClientTlsConfig::new().ca_certificate(authority));
    Grpc::new(endpoint.unwrap().connect().await.unwrap())
}

async fn accounts(client: &mut Grpc<Channel>, token: Option<&str>) -> Result<usize, Status> {
    let mut request = Request::new(ListAccountsRequest::default());
    if let Some(token) = token {
        let bearer = format!("Bearer {token}").parse().unwrap();
        request.metadata_mut().insert("authorization", bearer);
    }
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/auth.Accounts/List");
    let codec = ProstCodec::<ListAccountsRequest, ListAccountsResponse>::default();
    let answer = client.unary(request, path, codec).await?;
    Ok(answer.into_inner().accounts.len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grpc_client_needs_no_other_port() {
    let home = tempfile::tempdir().unwrap();
    let certificates = Certificates::make();
    let running = Server::start(Config {
        gateway_tls: Files {
            certificate: Some(certificates.certificate()),
            key: Some(certificates.key()),
        },
        ..config(home.path())
    })
    .await
    .unwrap();
    let mut client = client(&running, &certificates).await;

    let denied = accounts(&mut client, None).await.unwrap_err();
    assert_eq!(denied.code(), Code::Unauthenticated, "{denied}");
    let join = Join::read(home.path()).unwrap().unwrap();
    let who = TokenRequest {
        id: join.id,
        secret: join.secret,
        ..TokenRequest::default()
    };
    client.ready().await.unwrap();
    let path = PathAndQuery::from_static("/auth.Auth/Token");
    let codec = ProstCodec::<TokenRequest, TokenResponse>::default();
    let token = client.unary(Request::new(who), path, codec).await.unwrap();
    let token = token.into_inner().token.unwrap().access_token;
    assert!(accounts(&mut client, Some(&token)).await.unwrap() > 0);

    // As grpcurl begins.
    client.ready().await.unwrap();
    let question = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let path = PathAndQuery::from_static("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo");
    let codec = ProstCodec::<ServerReflectionRequest, ServerReflectionResponse>::default();
    let asked = Request::new(stream::iter([question]));
    let mut answers = client.streaming(asked, path, codec).await.unwrap().into_inner();
    let answer = answers
        .message()
        .await
        .unwrap()
        .unwrap()
        .message_response
        .unwrap();
    let MessageResponse::ListServicesResponse(listed) = answer else {
        panic!("{answer:?}");
    };
    assert!(
        listed.service.iter().any(|service| service.name == "store.Store"),
        "{listed:?}"
    );
    drop((client, answers));
    running.shutdown().await;
}
