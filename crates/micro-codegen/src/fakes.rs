//! Fakes: the trait of a service as a test double, thin over the recorders of micro-rpc.

use std::collections::BTreeSet;

use crate::code::Code;
use crate::error::Result;
use crate::generate::{Scope, head};
use crate::names;
use crate::service::{Method, Service};

/// The file of all fakes of a contract.
///
/// It declares nothing but fakes, all named `Fake...`; types of the contract are always reached
/// through `super`, so the imports cannot clash with them.
pub fn file(scope: &Scope<'_>) -> Result<String> {
    let mut scope = scope.clone();
    scope.modules.push("fakes".into());
    let mut services = Vec::new();
    for index in 0..scope.file.service.len() {
        services.push(Service::new(&scope, index)?);
    }
    let mut code = head(&scope);
    code.line("//! Test doubles: each records its calls and answers as it is told.");
    code.gap();
    emit_imports(&mut code, &services);
    for service in &services {
        emit_struct(&mut code, service);
        emit_members(&mut code, service);
        emit_trait(&mut code, service);
    }
    Ok(code.into_text())
}

/// What the fake of a method is made of.
struct Kind {
    recorder: &'static str,
    /// What the recorder answers with.
    answer: String,
    /// The arguments of a call, as they are recorded.
    arguments: String,
    /// The closure that a stub is: what it takes besides the context, and what it makes.
    stub: (String, String),
}

fn kind(method: &Method<'_>) -> Kind {
    let (request, response) = (&method.request, &method.response);
    let answer = match method.streams_responses {
        true => format!("Script<{response}>"),
        false => response.clone(),
    };
    let arguments = match method.streams_requests {
        true => format!("Vec<{request}>"),
        false => request.clone(),
    };
    let (recorder, stub) = match (method.streams_requests, method.streams_responses) {
        (false, _) => ("Recorder", (arguments.clone(), answer.clone())),
        (true, false) => ("StreamRecorder", (arguments.clone(), answer.clone())),
        (true, true) => (
            "BidiRecorder",
            (format!("Streaming<{request}>"), format!("Streaming<{response}>")),
        ),
    };
    Kind {
        recorder,
        answer,
        arguments,
        stub,
    }
}

fn emit_imports(code: &mut Code, services: &[Service<'_>]) {
    let methods = || services.iter().flat_map(|service| &service.methods);
    let mut fakes: BTreeSet<&str> = methods().map(|method| kind(method).recorder).collect();
    fakes.insert("Invocation");
    let streams = methods().any(|method| method.streams_requests || method.streams_responses);
    if methods().any(|method| method.streams_responses) {
        fakes.insert("Script");
    }
    code.line("use std::time::Duration;");
    code.gap();
    let fakes: Vec<&str> = fakes.into_iter().chain(["in_order"]).collect();
    code.line(&format!("use micro_rpc::fake::{{{}}};", fakes.join(", ")));
    let streaming = if streams { ", Streaming" } else { "" };
    code.line(&format!(
        "use micro_rpc::{{Context, Result{streaming}, async_trait}};"
    ));
}

fn fake_name(service: &Service<'_>) -> String {
    format!("Fake{}", names::plain(&service.name))
}

fn emit_struct(code: &mut Code, service: &Service<'_>) {
    let fake = fake_name(service);
    code.gap();
    code.line(&format!(
        "/// A [`super::{}`] for tests.",
        names::plain(&service.name)
    ));
    code.open(&format!("pub struct {fake} {{"));
    for method in &service.methods {
        let kind = kind(method);
        // A bidirectional method answers with nothing but scripts.
        let answer = match kind.recorder {
            "BidiRecorder" => &method.response,
            _ => &kind.answer,
        };
        let recorder = format!("{}<{}, {answer}>", kind.recorder, method.request);
        code.member(&method.name, &recorder);
    }
    code.close("}");
    code.gap();
    code.open(&format!("impl Default for {fake} {{"));
    code.open("fn default() -> Self {");
    code.open("Self {");
    for method in &service.methods {
        let endpoint = format!("\"{}.{}\"", service.proto_name, method.proto_name);
        let head = format!("{}: {}::new", method.name, kind(method).recorder);
        code.call(&head, &[&endpoint], ",");
    }
    code.close("}");
    code.close("}");
    code.close("}");
}

fn emit_members(code: &mut Code, service: &Service<'_>) {
    code.gap();
    code.open(&format!("impl {} {{", fake_name(service)));
    code.open("pub fn new() -> Self {");
    code.line("Self::default()");
    code.close("}");
    for method in &service.methods {
        emit_stub(code, method);
        emit_answers(code, method);
        emit_records(code, method);
    }
    code.gap();
    code.line("/// Every call in the order in which they came.");
    code.open("pub fn invocations(&self) -> Vec<Invocation> {");
    let methods = service.methods.iter();
    let methods: Vec<_> = methods.map(|method| format!("self.{}", method.name)).collect();
    code.call_with_each("in_order", &methods, "invocations");
    code.close("}");
    code.close("}");
}

fn emit_stub(code: &mut Code, method: &Method<'_>) {
    let (takes, makes) = kind(method).stub;
    code.gap();
    code.line("/// Answers every call by this closure.");
    code.line(&format!(
        "pub fn {}_stub<F>(&self, stub: F)",
        names::plain(&method.name)
    ));
    code.open("where");
    code.bound("F", &["&Context", &takes], &format!("Result<{makes}>"));
    code.line("F: Send + Sync + 'static,");
    code.reopen("{");
    code.chain("", &recorder(method), ("stub", &["stub"]), ";");
    code.close("}");
}

/// Members that say what the fake answers.
fn emit_answers(code: &mut Code, method: &Method<'_>) {
    let result = format!("result: Result<{}>", kind(method).answer);
    let (result, delay, n) = (result.as_str(), "delay: Duration", "n: usize");
    let mut member = |docs: &str, name: &str, params: &[&str]| {
        code.gap();
        code.line(&format!("/// {docs}"));
        emit_member(code, method, name, params, "", ";");
    };
    member(
        "Answers calls that have no answer of their own.",
        "returns",
        &[result],
    );
    member(
        "Answers call `n`, counted from 0.",
        "returns_on_call",
        &[n, result],
    );
    member("Lets every call wait before its answer.", "delays", &[delay]);
    member("Lets call `n` wait.", "delays_on_call", &[n, delay]);
}

/// Members that say what the fake was asked.
fn emit_records(code: &mut Code, method: &Method<'_>) {
    code.gap();
    emit_member(code, method, "call_count", &[], "usize", "");
    code.gap();
    code.line("/// The arguments of call `n`, counted from 0; panics if there was none.");
    let result = format!("(Context, {})", kind(method).arguments);
    emit_member(code, method, "args_for_call", &["n: usize"], &result, "");
}

/// A member that hands its parameters to the recorder's of the same name.
fn emit_member(code: &mut Code, method: &Method<'_>, name: &str, params: &[&str], result: &str, end: &str) {
    let head = format!("pub fn {}_{name}", names::plain(&method.name));
    let args: Vec<&str> = params.iter().filter_map(|it| it.split(':').next()).collect();
    let params: Vec<String> = ["&self"]
        .iter()
        .chain(params)
        .map(|it| (*it).to_owned())
        .collect();
    code.signature(&head, &params, result, " {");
    code.chain("", &recorder(method), (name, &args), end);
    code.close("}");
}

fn recorder(method: &Method<'_>) -> String {
    format!("self.{}", method.name)
}

fn emit_trait(code: &mut Code, service: &Service<'_>) {
    code.gap();
    code.line("#[async_trait]");
    code.open(&format!(
        "impl super::{} for {} {{",
        service.name,
        fake_name(service)
    ));
    for method in &service.methods {
        code.gap();
        let (argument, parameter) = match method.streams_requests {
            true => ("requests", format!("requests: Streaming<{}>", method.request)),
            false => ("request", format!("request: {}", method.request)),
        };
        let (call, result) = match method.streams_responses {
            true => ("stream", format!("Result<Streaming<{}>>", method.response)),
            false => ("call", format!("Result<{}>", method.response)),
        };
        let params = ["&self".to_owned(), "ctx: &Context".to_owned(), parameter];
        code.signature(&format!("async fn {}", method.name), &params, &result, " {");
        code.chain("", &recorder(method), (call, &["ctx", argument]), ".await");
        code.close("}");
    }
    code.close("}");
}
