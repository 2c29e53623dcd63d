//! The client of a service: a thin method for each of its calls.

use crate::contract::{Contract, Kind, Method, Service};

use super::docs;
use super::layout::{Expr, Source};
use super::message::annotation;
use super::names::{Names, Taken, method_kind, snake};

pub fn emit(source: &mut Source, contract: &Contract, names: &Names, service: &Service, class: &str) {
    source.blank(2);
    source.open(&format!("class {class}(_micro.Client):"));
    docs::emit(
        source,
        &described(&service.docs, || format!("Calls the service {}.", service.name)),
    );
    source.blank(1);
    source.line(&format!("_service = \"{}\"", contract.name));
    source.line(&format!("_name = \"{}\"", service.name));
    let mut taken = Taken::by_client();
    for method in &service.methods {
        let name = taken.take(&snake(&method.name));
        emit_method(source, names, service, method, &name);
    }
    source.close();
}

fn described(docs: &[String], otherwise: impl Fn() -> String) -> Vec<String> {
    match docs {
        [] => vec![otherwise()],
        docs => docs.to_vec(),
    }
}

fn emit_method(source: &mut Source, names: &Names, service: &Service, method: &Method, name: &str) {
    let call = Call::new(names, method);
    source.blank(1);
    source.method(name, &call.parameters, &call.returned);
    docs::emit(
        source,
        &described(&method.docs, || {
            format!("Calls `{}.{}`.", service.name, method.name)
        }),
    );
    let before = if call.returned == "None" { "" } else { "return " };
    source.expr(
        before,
        &Expr::call(&format!("self.{}", call.function), call.arguments),
        "",
    );
    source.close();
}

struct Call {
    parameters: Vec<String>,
    returned: String,
    /// That of the runtime which does it.
    function: &'static str,
    arguments: Vec<Expr>,
}

impl Call {
    fn new(names: &Names, method: &Method) -> Self {
        let (request, response) = (method_kind(&method.request), method_kind(&method.response));
        let streams = (method.streams_requests, method.streams_responses);
        let answer = annotation(names, &response);
        let (parameter, argument) = taken(names, &request, method.streams_requests);
        let mut arguments = vec![Expr::atom(format!("\"{}\"", method.name)), Expr::atom(argument)];
        arguments.extend([Expr::atom(answer.clone()), Expr::atom("timeout=timeout")]);
        if method.is_idempotent && !method.streams_requests {
            arguments.push(Expr::atom("idempotent=True"));
        }
        let mut parameters = vec!["self".to_owned()];
        parameters.extend(parameter);
        parameters.extend(["*".to_owned(), "timeout: Optional[float] = None".to_owned()]);
        Call {
            parameters,
            returned: match streams.1 {
                true => format!("_micro.MessageStream[{answer}]"),
                false if response == Kind::Empty => "None".to_owned(),
                false => answer,
            },
            function: match streams {
                (false, false) => "_unary",
                (false, true) => "_server_stream",
                (true, false) => "_client_stream",
                (true, true) => "_bidi_stream",
            },
            arguments,
        }
    }
}

/// What a method takes, and what it hands on; a message that says nothing need not be given.
fn taken(names: &Names, request: &Kind, is_stream: bool) -> (Option<String>, &'static str) {
    let kind = annotation(names, request);
    match is_stream {
        true => (Some(format!("requests: Iterable[{kind}]")), "requests"),
        false if *request == Kind::Empty => (None, "_micro.Empty()"),
        false => (Some(format!("request: {kind}")), "request"),
    }
}
