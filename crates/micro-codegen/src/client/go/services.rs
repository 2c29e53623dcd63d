//! Services as clients.

use crate::contract::{Contract, Method, Service};

use super::names::{Names, ServiceNames, Taken, exported, well_known};
use super::source::Source;

const EMPTY: &str = "google.protobuf.Empty";

pub(super) fn emit(source: &mut Source, contract: &Contract, names: &Names, service: &Service) {
    let own = names.service(&service.name);
    source.gap();
    client(source, &own, service);
    constructor(source, contract, &own, service);
    let mut taken = Taken::new(&[]);
    for method in &service.methods {
        let call = Call {
            names,
            client: &own.client,
            service,
            method,
            name: taken.claim(&exported(&method.name), ""),
        };
        call.emit(source);
    }
}

fn client(source: &mut Source, own: &ServiceNames, service: &Service) {
    let about = format!(
        "{} calls the service {}. Many goroutines may use it at once.",
        own.client, service.name
    );
    let docs = [&[about, String::new()], service.docs.as_slice()].concat();
    source.docs(&own.client, &docs);
    source.open(&format!("type {} struct {{", own.client));
    source.line("caller *caller");
    source.close("}");
    source.gap();
}

fn constructor(source: &mut Source, contract: &Contract, own: &ServiceNames, service: &Service) {
    let ServiceNames { client, constructor } = own;
    let about = format!("{constructor} returns a client of the service {}.", service.name);
    source.docs(constructor, &[about]);
    source.function(
        &format!("func {constructor}(options ...Option) *{client}"),
        &[format!(
            "return &{client}{{newCaller({:?}, options)}}",
            contract.name
        )],
    );
}

/// A method of a client.
struct Call<'a> {
    names: &'a Names,
    client: &'a str,
    service: &'a Service,
    method: &'a Method,
    name: String,
}

impl Call<'_> {
    fn emit(&self, source: &mut Source) {
        source.docs(&self.name, &self.docs());
        let head = format!(
            "func (c *{}) {}({}) {}",
            self.client,
            self.name,
            self.parameters(),
            self.result()
        );
        source.function(&head, &self.body());
    }

    fn docs(&self) -> Vec<String> {
        let mut docs = self.method.docs.clone();
        if docs.is_empty() {
            docs.push(format!(
                "{} calls {}.{}.",
                self.name, self.service.name, self.method.name
            ));
        }
        let usage: &[&str] = match (self.method.streams_requests, self.method.streams_responses) {
            (false, false) => return docs,
            (false, true) => &["Read the stream until Recv returns io.EOF, or leave it with Close."],
            (true, false) => &["Send the messages, then CloseAndRecv returns the answer; Close gives up."],
            (true, true) => &[
                "Messages can be read while others are sent. Say with CloseSend that there are no more to be sent,",
                "and read until Recv returns io.EOF, or leave the stream with Close.",
            ],
        };
        docs.push(String::new());
        docs.extend(usage.iter().map(|line| (*line).to_owned()));
        docs
    }

    fn parameters(&self) -> String {
        let request = match self.request_type() {
            Some(request) => format!("request {request}, "),
            None => String::new(),
        };
        format!("ctx context.Context, {request}options ...CallOption")
    }

    /// The type of the parameter, if there is something to be said.
    fn request_type(&self) -> Option<String> {
        let id = self.method.request.as_str();
        if self.method.streams_requests || id == EMPTY {
            return None;
        }
        let payload = self.names.payload(id);
        Some(match well_known(id) {
            Some(_) => payload,
            None => format!("*{payload}"),
        })
    }

    fn response(&self) -> String {
        self.names.payload(&self.method.response)
    }

    /// `Request, Response`
    fn both(&self) -> String {
        format!(
            "{}, {}",
            self.names.payload(&self.method.request),
            self.response()
        )
    }

    fn result(&self) -> String {
        match (self.method.streams_requests, self.method.streams_responses) {
            (false, false) if self.method.response == EMPTY => "error".to_owned(),
            (false, false) => format!("(*{}, error)", self.response()),
            (false, true) => format!("(*ServerStream[{}], error)", self.response()),
            (true, false) => format!("*ClientStream[{}]", self.both()),
            (true, true) => format!("*BidiStream[{}]", self.both()),
        }
    }

    fn body(&self) -> Vec<String> {
        let request = self.request_type().map_or("struct{}{}", |_| "request");
        let (method, response) = (self.literal(), self.response());
        let call = format!("call[{response}](ctx, c.caller, {method}, {request}, options)");
        match (self.method.streams_requests, self.method.streams_responses) {
            (false, false) if self.method.response == EMPTY => {
                vec![format!("_, err := {call}"), "return err".to_owned()]
            }
            (false, false) => vec![format!("return {call}")],
            (false, true) => vec![format!(
                "return openServerStream[{response}](ctx, c.caller, {method}, {request}, options)"
            )],
            (true, false) => vec![self.opened("openClientStream")],
            (true, true) => vec![self.opened("openBidiStream")],
        }
    }

    fn opened(&self, open: &str) -> String {
        format!(
            "return {open}[{}](ctx, c.caller, {}, options)",
            self.both(),
            self.literal()
        )
    }

    /// What the runtime is told about the method.
    fn literal(&self) -> String {
        let path = format!("{}/{}", self.service.name, self.method.name);
        match self.method.is_idempotent && !self.method.streams_requests {
            true => format!("method{{path: \"{path}\", isIdempotent: true}}"),
            false => format!("method{{path: \"{path}\"}}"),
        }
    }
}
