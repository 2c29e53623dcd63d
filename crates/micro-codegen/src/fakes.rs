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
        code.line(&format!(
            "{}: {}::new({endpoint}),",
            method.name,
            kind(method).recorder
        ));
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
    let calls: Vec<String> = service
        .methods
        .iter()
        .map(|it| format!("self.{}.invocations()", it.name))
        .collect();
    code.array_call("in_order", &calls);
    code.close("}");
    code.close("}");
}

fn emit_stub(code: &mut Code, method: &Method<'_>) {
    let (takes, makes) = kind(method).stub;
    let (name, plain) = (&method.name, names::plain(&method.name));
    code.gap();
    code.line("/// Answers every call by this closure.");
    code.line(&format!("pub fn {plain}_stub<F>(&self, stub: F)"));
    code.open("where");
    code.bound("F", &["&Context", &takes], &format!("Result<{makes}>"));
    code.line("F: Send + Sync + 'static,");
    code.reopen("{");
    code.line(&format!("self.{name}.stub(stub);"));
    code.close("}");
}

/// Members that say what the fake answers.
fn emit_answers(code: &mut Code, method: &Method<'_>) {
    let (name, plain) = (&method.name, names::plain(&method.name));
    let mut member = |docs: &str, suffix: &str, params: &[&str], body: &str| {
        code.gap();
        code.line(&format!("/// {docs}"));
        let params = ["&self"].iter().chain(params).map(|it| (*it).to_owned());
        let params: Vec<String> = params.collect();
        code.signature(&format!("pub fn {plain}_{suffix}"), &params, "", " {");
        code.line(&format!("self.{name}.{body};"));
        code.close("}");
    };
    let result = format!("result: Result<{}>", kind(method).answer);
    let delay = "delay: Duration";
    let own = ["n: usize", &result];
    member(
        "Answers calls that have no answer of their own.",
        "returns",
        &[&result],
        "returns(result)",
    );
    member(
        "Answers call `n`, counted from 0.",
        "returns_on_call",
        &own,
        "returns_on_call(n, result)",
    );
    let own = ["n: usize", delay];
    member(
        "Lets every call wait before its answer.",
        "delays",
        &[delay],
        "delays(delay)",
    );
    member(
        "Lets call `n` wait.",
        "delays_on_call",
        &own,
        "delays_on_call(n, delay)",
    );
}

/// Members that say what the fake was asked.
fn emit_records(code: &mut Code, method: &Method<'_>) {
    let (name, plain) = (&method.name, names::plain(&method.name));
    code.gap();
    code.open(&format!("pub fn {plain}_call_count(&self) -> usize {{"));
    code.line(&format!("self.{name}.call_count()"));
    code.close("}");
    code.gap();
    code.line("/// The arguments of call `n`, counted from 0; panics if there was none.");
    let params = ["&self".to_owned(), "n: usize".to_owned()];
    let result = format!("(Context, {})", kind(method).arguments);
    code.signature(&format!("pub fn {plain}_args_for_call"), &params, &result, " {");
    code.line(&format!("self.{name}.args_for_call(n)"));
    code.close("}");
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
        let receiver = format!("self.{}", method.name);
        code.awaited_call("", &receiver, call, &["ctx", argument], "");
        code.close("}");
    }
    code.close("}");
}
