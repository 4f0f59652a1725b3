//! What `#[livecheck::case]` leaves behind: the function, the struct beside it, and the registration.

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::docs;
use super::function::Function;
use super::options::{self, Options};
use super::parameters::{Kind, Parameter};

/// A case, as read from the source.
pub(crate) struct Definition {
    pub(crate) options: Options,
    pub(crate) function: Function,
    pub(crate) parameters: Vec<Parameter>,
    pub(crate) soundness: Soundness,
}

/// Whether there are errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Soundness {
    Sound,
    /// There are errors: the expansion is there only so that no other place has errors in consequence.
    Broken,
}

impl Definition {
    fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.kind == Kind::Argument)
    }

    fn signals(&self) -> impl Iterator<Item = (&Parameter, Option<std::time::Duration>)> {
        self.parameters.iter().filter_map(|parameter| match parameter.kind {
            Kind::Argument => None,
            Kind::Signal { timeout } => Some((parameter, timeout)),
        })
    }

    fn is_sound(&self) -> bool {
        self.soundness == Soundness::Sound
    }
}

/// All the items.
///
/// The struct is a braced one, which lives in the type namespace only: a unit struct or a static would clash
/// with the function, and turn `let order_flow = …` into a pattern. Nothing else is put into the user's
/// scope. The names of local variables are hygienic (`quote!` makes them so), and parameters and associated
/// items live in scopes of their own: a parameter may be called as it likes.
pub(crate) fn expand(case: &Definition) -> TokenStream {
    let function = &case.function;
    if function.is_method() {
        return quote!(#function);
    }
    let krate = case.options.krate();
    let name = &function.signature.ident;
    let visibility = &function.visibility;
    let conditions: Vec<_> = function.conditions().collect();
    let the_case = the_case(case);
    let triggers = triggers(case);
    let senders = case.signals().enumerate().map(|(index, (signal, _))| sender(case, index, signal));
    let registration = case.is_sound().then(|| {
        quote! {
            #(#conditions)*
            #krate::inventory::submit! { #krate::case::Registered(#name::CASE) }
        }
    });
    let doc = format!(
        "The case `{name}`: asks for executions of it with [`trigger`](Self::trigger) and \
         [`maybe_trigger`](Self::maybe_trigger), and sends its signals."
    );
    quote! {
        // A case has as many parameters as its request has steps.
        #[allow(clippy::too_many_arguments)]
        #function

        #(#conditions)*
        #[doc = #doc]
        #[allow(
            dead_code,
            missing_copy_implementations,
            missing_debug_implementations,
            non_camel_case_types,
            unreachable_pub
        )]
        #visibility struct #name {}

        #(#conditions)*
        #[allow(
            dead_code,
            deprecated,
            non_snake_case,
            non_upper_case_globals,
            private_bounds,
            private_interfaces,
            unreachable_pub
        )]
        impl #name {
            #the_case
            #triggers
            #(#senders)*
        }

        #registration
    }
}

/// The constant `CASE`, which refers to a `static` that only it can name.
fn the_case(case: &Definition) -> TokenStream {
    let krate = case.options.krate();
    let name = &case.function.signature.ident;
    let visibility = &case.function.visibility;
    let text = name.unraw().to_string();
    let case_name = case
        .options
        .name
        .as_ref()
        .map_or_else(|| quote!(::core::concat!(::core::module_path!(), "::", #text)), |name| quote!(#name));
    let docs = docs::text(&case.function.attributes);
    // Under the span of the function's name, that is its line, and not the attribute's.
    let line = quote_spanned!(name.span()=> ::core::line!());
    let settings = case.options.settings.iter().map(|(name, value)| quote!(.#name(#value)));
    let arguments = case.arguments().map(|argument| {
        let (name, type_name) = (argument.wire_name(), argument.type_name());
        quote!(#krate::case::Argument { name: #name, type_name: #type_name })
    });
    let signals = case.signals().map(|(signal, timeout)| {
        let (name, type_name) = (signal.wire_name(), signal.type_name());
        let timeout = timeout.map_or_else(
            || quote!(::core::option::Option::None),
            |timeout| {
                let timeout = options::duration(timeout);
                quote!(::core::option::Option::Some(#timeout))
            },
        );
        quote!(#krate::case::SignalDefinition { name: #name, type_name: #type_name, timeout: #timeout })
    });
    let run = run(case);
    let doc = format!("The case `{text}`, as it is registered.");
    quote! {
        #[doc = #doc]
        #visibility const CASE: &'static #krate::case::Case = {
            static __CASE: #krate::case::Case = #krate::case::Case {
                name: #case_name,
                docs: #docs,
                location: #krate::case::Location {
                    package: ::core::env!("CARGO_PKG_NAME"),
                    file: ::core::file!(),
                    line: #line,
                },
                settings: #krate::settings::Settings::new() #(#settings)*,
                arguments: &[#(#arguments),*],
                signals: &[#(#signals),*],
                run: #run,
            };
            &__CASE
        };
    }
}

/// What calls the function with what an execution has.
fn run(case: &Definition) -> TokenStream {
    if !case.is_sound() {
        return quote!(|_| ::core::unreachable!("a case with errors does not compile"));
    }
    let krate = case.options.krate();
    let name = &case.function.signature.ident;
    let (mut arguments, mut signals) = (0_usize.., 0_usize..);
    let values = case.parameters.iter().map(|parameter| {
        let ty = &parameter.ty;
        match parameter.kind {
            Kind::Argument => {
                let index = arguments.next();
                quote!(execution.argument::<#ty>(#index)?)
            }
            Kind::Signal { .. } => {
                let index = signals.next();
                let payload = payload(case, parameter);
                quote!(execution.signal::<#payload>(#index))
            }
        }
    });
    // The execution, with the JSON of the arguments, is given up before the case runs: tests wait for hours.
    quote! {
        |execution| ::std::boxed::Box::pin(async move {
            let future = {
                let execution = execution;
                #name(#(#values),*)
            };
            #krate::outcome::Outcome::into_result(future.await)
        })
    }
}

/// The type that a signal carries.
fn payload(case: &Definition, signal: &Parameter) -> TokenStream {
    let krate = case.options.krate();
    let ty = &signal.ty;
    quote_spanned!(ty.span()=> <#ty as #krate::signal::SignalParameter>::Payload)
}

/// The functions `trigger` and `maybe_trigger`.
fn triggers(case: &Definition) -> TokenStream {
    let krate = case.options.krate();
    let visibility = &case.function.visibility;
    let name = case.function.signature.ident.unraw();
    let parameters = || {
        case.arguments()
            .map(|Parameter { name, ty, .. }| quote!(#name: impl #krate::trigger::AsArgument<#ty>))
    };
    let arguments: Vec<_> = case
        .arguments()
        .map(|argument| {
            let (name, ty, wire_name) = (&argument.name, &argument.ty, argument.wire_name());
            quote! {
                arguments.argument(
                    #wire_name,
                    #krate::trigger::AsArgument::<#ty>::as_argument(&#name),
                );
            }
        })
        .collect();
    let writer = if arguments.is_empty() { quote!(_) } else { quote!(arguments) };
    let explained = explained(case);
    let always = format!("Asks for an execution of the case `{name}`.{explained}");
    let sampled = format!(
        "Asks for an execution of the case `{name}` with its probability: the way to follow a share of the \
         requests.{explained}"
    );
    let (always_parameters, sampled_parameters) = (parameters(), parameters());
    quote! {
        #[doc = #always]
        #visibility fn trigger(#(#always_parameters),*) -> #krate::trigger::Trigger {
            #krate::trigger::Trigger::always(Self::CASE, |#writer| { #(#arguments)* })
        }

        #[doc = #sampled]
        #visibility fn maybe_trigger(#(#sampled_parameters),*) -> #krate::trigger::Trigger {
            #krate::trigger::Trigger::sampled(Self::CASE, |#writer| { #(#arguments)* })
        }
    }
}

/// What the arguments are, where the user says it.
fn explained(case: &Definition) -> String {
    let explained: Vec<_> = case
        .arguments()
        .filter(|argument| !argument.docs.is_empty())
        .map(|argument| format!("\n- `{}`: {}", argument.wire_name(), argument.docs.replace('\n', "\n  ")))
        .collect();
    if explained.is_empty() { String::new() } else { format!("\n{}", explained.concat()) }
}

/// The constant that sends a signal.
fn sender(case: &Definition, index: usize, signal: &Parameter) -> TokenStream {
    let krate = case.options.krate();
    let visibility = &case.function.visibility;
    let name = &signal.name;
    let payload = payload(case, signal);
    let line = format!("Sends the signal `{}: {}`.", signal.wire_name(), signal.type_name());
    let doc = if signal.docs.is_empty() { line } else { format!("{}\n\n{line}", signal.docs) };
    quote! {
        #[doc = #doc]
        #visibility const #name: #krate::signal::SignalSender<#payload> =
            #krate::signal::SignalSender::new(Self::CASE, #index);
    }
}
