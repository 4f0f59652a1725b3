use livecheck::Target;

#[livecheck::uptest]
async fn says_no_process(_target: Target) {}

#[livecheck::uptest(proc = "../web", timout = "5s")]
async fn has_wrong_options(_target: Target) {}

#[livecheck::uptest(proc = "web")]
fn is_not_async(_target: Target) {}

#[livecheck::uptest(proc = "web")]
async fn has_no_parameter() {}

#[livecheck::uptest(proc = "web")]
async fn has_two_parameters(_host: String, _port: u16) {}

#[livecheck::uptest(proc = "web")]
async fn takes_something_else(_target: String) {}

#[livecheck::uptest(proc = "web")]
async fn is_generic<T>(_target: T) {}

#[livecheck::uptest(proc = "web")]
struct NoFunction;

fn main() {}
