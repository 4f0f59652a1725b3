//! The parameters of a case: arguments of the trigger, signals, and tables.

use std::time::Duration;

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::ext::IdentExt;
use syn::{Attribute, FnArg, Meta, Pat, PatIdent, PatType, Signature, Type};

use super::table::{self, Window};
use super::type_name::type_name;
use crate::attribute::{Entry, entries};
use crate::docs;
use crate::errors::Errors;
use crate::value::Zero;

/// What the struct beside the function has of its own, so that no signal can be called so.
const RESERVED: &[&str] = &["trigger", "maybe_trigger", "CASE"];

/// A parameter.
pub(crate) struct Parameter {
    /// Its name, as the user wrote it.
    pub(crate) name: Ident,
    /// Its type.
    pub(crate) ty: Type,
    /// Its documentation comment, which Rust has no place for on a parameter.
    pub(crate) docs: String,
    /// What fills it.
    pub(crate) kind: Kind,
    /// Whether it can be used as it is; where not, that has been said.
    pub(crate) sound: bool,
}

/// What fills a parameter.
#[derive(Debug, PartialEq)]
pub(crate) enum Kind {
    /// The trigger.
    Argument,
    /// Events of that name.
    Signal(SignalOptions),
    /// The runner, which keeps the table of that name.
    Table { window: Option<Window> },
}

/// The options of `#[signal]`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SignalOptions {
    /// How long a wait lasts that says nothing itself.
    pub(crate) timeout: Option<Duration>,
    /// The consumer group of the service that sends it.
    pub(crate) consumer_group: Option<String>,
    /// Whether what it carries is kept out of reports.
    pub(crate) redact: bool,
}

impl Parameter {
    /// Its name on the wire.
    pub(crate) fn wire_name(&self) -> String {
        self.name.unraw().to_string()
    }

    /// Its type as written.
    pub(crate) fn type_name(&self) -> String {
        type_name(&self.ty)
    }
}

/// Reads the parameters, and takes out of the signature what is ours: `#[signal]`s, `#[table]`s and
/// documentation.
pub(crate) fn read(signature: &mut Signature, errors: &mut Errors) -> Vec<Parameter> {
    let typed = signature.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(parameter) => Some(parameter),
        FnArg::Receiver(_) => None,
    });
    typed.enumerate().map(|(index, parameter)| read_one(index, parameter, errors)).collect()
}

fn read_one(index: usize, parameter: &mut PatType, errors: &mut Errors) -> Parameter {
    let docs = docs::text(&parameter.attrs);
    let attributes = std::mem::take(&mut parameter.attrs);
    let (ours, theirs): (Vec<_>, Vec<_>) =
        attributes.into_iter().filter(|attribute| !attribute.path().is_ident("doc")).partition(is_ours);
    parameter.attrs = theirs;
    for attribute in &parameter.attrs {
        if attribute.path().is_ident("cfg") || attribute.path().is_ident("cfg_attr") {
            let message = "a case's parameters cannot depend on `#[cfg]`: the services that trigger it and the \
                           runner that executes it may be built differently, and must agree on them";
            errors.about(attribute, message);
        }
    }
    let kind = kind(&ours, errors);
    let (name, named) = match name(&parameter.pat) {
        Ok(name) => (name, true),
        Err(error) => {
            errors.push(error);
            (format_ident!("parameter{index}"), false)
        }
    };
    let mut sound = errors.take(check_type(&parameter.ty)).is_some() && named;
    let reserved = RESERVED.iter().find(|&reserved| name.unraw() == *reserved);
    if let (Some(reserved), Kind::Signal(_)) = (reserved, &kind) {
        let message = format!(
            "a signal cannot be called `{reserved}`: the case's own `{reserved}` has that name, beside the signals"
        );
        errors.at(name.span(), message);
        sound = false;
    }
    Parameter { name, ty: (*parameter.ty).clone(), docs, kind, sound }
}

/// Whether it says what fills a parameter: `#[signal]`, or the same through the crate, `#[livecheck::signal]`.
fn is_ours(attribute: &Attribute) -> bool {
    let segments = attribute.path().segments.len();
    segments <= 2 && (is_named(attribute, "signal") || is_named(attribute, "table"))
}

fn is_named(attribute: &Attribute, name: &str) -> bool {
    attribute.path().segments.last().is_some_and(|segment| segment.ident == name)
}

fn kind(attributes: &[Attribute], errors: &mut Errors) -> Kind {
    let [attribute, further @ ..] = attributes else { return Kind::Argument };
    let is_table = is_named(attribute, "table");
    let (owner, example) = if is_table {
        ("#[table]", "#[table(window = tumbling(\"1h\"))]")
    } else {
        ("#[signal]", "#[signal(timeout = \"30s\")]")
    };
    if let Some(second) = further.first() {
        let message = if is_named(second, "table") == is_table {
            format!("`{owner}` is given twice")
        } else {
            "a parameter is a signal or a table, and not both".to_owned()
        };
        errors.about(second, message);
    }
    let options = match &attribute.meta {
        Meta::Path(_) => TokenStream::new(),
        Meta::List(list) => list.tokens.clone(),
        Meta::NameValue(_) => {
            let message = format!("the options of `{owner}` stand in parentheses: `{example}`");
            errors.about(&attribute.meta, message);
            TokenStream::new()
        }
    };
    if is_table {
        return Kind::Table { window: table::window(options, errors) };
    }
    Kind::Signal(signal(options, errors))
}

fn signal(tokens: TokenStream, errors: &mut Errors) -> SignalOptions {
    let mut options = SignalOptions::default();
    for entry in entries(tokens, "#[signal]", &["timeout", "consumer_group", "redact"]) {
        let Some(Entry { key, value }) = errors.take(entry) else { continue };
        match key.unraw().to_string().as_str() {
            "timeout" => options.timeout = errors.take(value.duration(Zero::Refused)),
            "consumer_group" => options.consumer_group = errors.take(value.text()).map(syn::LitStr::value),
            _ => options.redact = errors.take(value.boolean()).unwrap_or_default(),
        }
    }
    options
}

/// The name of a parameter, which is the name on the wire.
fn name(pattern: &Pat) -> syn::Result<Ident> {
    const PATTERN: &str =
        "a case's parameter is a name, which it has on the wire too: take it apart in the body";
    match pattern {
        Pat::Ident(PatIdent { by_ref: Some(by_ref), .. }) => {
            Err(syn::Error::new_spanned(by_ref, "a case's parameter is taken by value: without `ref`"))
        }
        Pat::Ident(PatIdent { subpat: None, ident, .. }) => Ok(ident.clone()),
        _ => Err(syn::Error::new_spanned(pattern, PATTERN)),
    }
}

/// A parameter outlives whoever sent it, and has one type.
fn check_type(ty: &Type) -> syn::Result<()> {
    if let Type::Reference(reference) = ty {
        let owned = match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => "String".to_owned(),
            Type::Slice(slice) => format!("Vec<{}>", type_name(&slice.elem)),
            Type::Path(path) => type_name(path),
            _ => "an owned type".to_owned(),
        };
        let message = format!(
            "a case owns its parameters, which come from another process: use `{owned}` instead of a reference"
        );
        return Err(syn::Error::new_spanned(ty, message));
    }
    match borrowed_or_opaque(ty.to_token_stream()) {
        Some(message) => Err(syn::Error::new_spanned(ty, message)),
        None => Ok(()),
    }
}

/// What, anywhere in a type, keeps it from being read from JSON.
fn borrowed_or_opaque(tokens: TokenStream) -> Option<&'static str> {
    const BORROWS: &str =
        "a case owns its parameters, which come from another process: use a type that does not borrow";
    const OPAQUE: &str = "a case's parameter has one type, which is read from JSON: `impl Trait` is none";
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let found = match &token {
            TokenTree::Group(group) => borrowed_or_opaque(group.stream()),
            TokenTree::Ident(word) if word == "impl" => Some(OPAQUE),
            TokenTree::Punct(punct) if punct.as_char() == '&' => Some(BORROWS),
            TokenTree::Punct(punct) if punct.as_char() == '\'' => match tokens.peek() {
                // `Cow<'static, str>` is read as the owned half.
                Some(TokenTree::Ident(lifetime)) if lifetime == "static" => None,
                _ => Some(BORROWS),
            },
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> (Vec<Parameter>, Vec<String>, String) {
        let mut signature: Signature = syn::parse_str(text).expect("a signature");
        let mut errors = Errors::default();
        let parameters = read(&mut signature, &mut errors);
        (parameters, errors.messages(), signature.to_token_stream().to_string())
    }

    fn problem(parameter: &str) -> String {
        let (_, mut errors, _) = read_text(&format!("async fn f({parameter})"));
        assert_eq!(errors.len(), 1, "{parameter}: {errors:?}");
        errors.remove(0)
    }

    #[test]
    fn tells_arguments_from_signals() {
        let (parameters, errors, signature) = read_text(
            "async fn f(mut side: Side, #[signal(timeout = 30, consumer_group = \"creator\", redact = true)] \
             r#type: Signal<Order>, \
             /** Cached. */ #[livecheck::signal] #[allow(unused)] cached: Signal)",
        );
        assert_eq!(errors, [""; 0]);
        let [side, typed, cached] = parameters.as_slice() else { panic!("three parameters") };
        assert_eq!((side.wire_name().as_str(), &side.kind), ("side", &Kind::Argument));
        assert_eq!(typed.wire_name(), "type");
        let Kind::Signal(options) = &typed.kind else { panic!("a signal") };
        assert_eq!((options.timeout, options.redact), (Some(Duration::from_secs(30)), true));
        assert_eq!(options.consumer_group.as_deref(), Some("creator"));
        assert_eq!(
            (cached.docs.as_str(), &cached.kind),
            ("Cached.", &Kind::Signal(SignalOptions::default()))
        );
        let expected = "async fn f(mut side: Side, r#type: Signal<Order>, #[allow(unused)] cached: Signal)";
        assert_eq!(signature.replace(' ', ""), expected.replace(' ', ""));
    }

    #[test]
    fn a_reference_is_told_what_to_be() {
        assert!(problem("side: &str").contains("use `String` instead"));
        assert!(problem("ids: &[Id]").contains("use `Vec<Id>` instead"));
        assert!(problem("#[signal] s: Signal<&'static str>").contains("does not borrow"));
        assert!(problem("side: Cow<'_, str>").contains("does not borrow"));
        assert_eq!(read_text("async fn f(side: Cow<'static, str>)").1, [""; 0]);
    }

    #[test]
    fn a_parameter_is_a_name_with_one_type() {
        assert!(problem("(a, b): (u8, u8)").contains("take it apart in the body"));
        assert!(problem("_: u8").contains("take it apart in the body"));
        assert!(problem("ref a: u8").contains("without `ref`"));
        assert!(problem("a @ 1: u8").contains("take it apart in the body"));
        assert!(problem("a: Vec<impl Clone>").contains("`impl Trait` is none"));
        assert!(problem("#[cfg(unix)] a: u8").contains("#[cfg]"));
    }

    #[test]
    fn tables_have_windows_or_none() {
        let (parameters, errors, _) = read_text(
            "async fn f(#[table] debts: Table<String, i64>, \
             #[livecheck::table(window = tumbling(\"1h\"))] trigger: WindowedTable<String, u32>)",
        );
        assert_eq!(errors, [""; 0]);
        let [debts, visits] = parameters.as_slice() else { panic!("two parameters") };
        assert_eq!(debts.kind, Kind::Table { window: None });
        assert!(matches!(visits.kind, Kind::Table { window: Some(_) }));
        assert!(problem("#[table = 3] t: T").contains("parentheses: `#[table(window = "));
        assert!(problem("#[table] #[table] t: T").contains("`#[table]` is given twice"));
        assert!(problem("#[table] #[signal] t: T").contains("not both"));
        assert!(problem("#[table] t: &Table<u8, u8>").contains("owns its parameters"));
    }

    #[test]
    fn a_signal_has_a_name_of_its_own() {
        assert!(problem("#[signal] trigger: Signal").contains("cannot be called `trigger`"));
        assert_eq!(read_text("async fn f(trigger: u8, CASE: u8)").1, [""; 0]);
    }

    #[test]
    fn the_options_of_a_signal_are_checked() {
        assert_eq!(
            problem("#[signal(timout = 3)] s: S"),
            "`#[signal]` has no option `timout`; did you mean `timeout`?"
        );
        assert!(problem("#[signal(timeout = 0)] s: S").contains("longer than zero"));
        assert!(problem("#[signal = 3] s: S").contains("parentheses"));
        assert!(problem("#[signal] #[signal] s: S").contains("twice"));
    }
}
