//! No name that a user chooses gets in the way of those that are generated.

use livecheck::Signal;

const SIZE: usize = 1;

#[livecheck::case]
async fn parameters(
    id: u8,
    args: u8,
    self_: u8,
    CASE: u8,
    execution: u8,
    arguments: u8,
    future: u8,
    trigger: u8,
    maybe_trigger: u8,
    parameters: u8,
    mut changed: u8,
    r#type: u8,
    #[signal] r#match: Signal,
    #[signal] case: Signal,
    #[signal] name: Signal,
) {
    changed += id + args + self_ + CASE + execution + arguments + future + trigger + maybe_trigger;
    let _ = (parameters, changed, r#type, r#match, case, name);
}

// The generated code has local variables of these names.
#[livecheck::case]
async fn execution(of: [u8; SIZE]) {
    let _ = of;
}

#[livecheck::case]
async fn future(of: [u8; SIZE]) {
    let _ = of;
}

#[livecheck::case]
async fn arguments(arguments: Vec<u8>) {
    let _ = arguments;
}

#[livecheck::case]
async fn r#loop() {}

fn main() {
    let _ = parameters::trigger(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    parameters::r#match.send();
    parameters::case.send();
    assert_eq!(parameters::CASE.arguments[11].name, "type");
    assert_eq!(parameters::CASE.signals[0].name, "match");
    assert!(r#loop::CASE.name.ends_with("::loop"));
    // The struct is no pattern.
    let execution = execution::trigger([1]);
    let (future, arguments) = (future::trigger(&[1]), arguments::trigger([]));
    drop((execution, future, arguments));
}
