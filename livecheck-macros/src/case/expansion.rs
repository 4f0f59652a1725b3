//! What `#[livecheck::case]` leaves behind: the function, the struct beside it, and the registration.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote, quote_spanned};
use syn::ReturnType;
use syn::ext::IdentExt;
use syn::spanned::Spanned;

use super::options::Options;
use super::parameters::{Kind, Parameter, SignalOptions};
use super::table::Window;
use crate::docs;
use crate::duration;
use crate::function::Function;

/// A case, as read from the source.
pub(crate) struct Definition {
    pub(crate) options: Options,
    pub(crate) function: Function,
    pub(crate) parameters: Vec<Parameter>,
    /// Whether there is no error. Where there is one, the expansion is there only so that no other place has
    /// errors in consequence.
    pub(crate) sound: bool,
}

impl Definition {
    fn arguments(&self) -> impl Iterator<Item = &Parameter> {
        self.parameters.iter().filter(|parameter| parameter.kind == Kind::Argument)
    }

    fn signals(&self) -> impl Iterator<Item = (&Parameter, &SignalOptions)> {
        self.parameters.iter().filter_map(|parameter| match &parameter.kind {
            Kind::Signal(options) => Some((parameter, options)),
            Kind::Argument | Kind::Table { .. } => None,
        })
    }

    fn tables(&self) -> impl Iterator<Item = (&Parameter, Option<Window>)> {
        self.parameters.iter().filter_map(|parameter| match parameter.kind {
            Kind::Table { window } => Some((parameter, window)),
            Kind::Argument | Kind::Signal(_) => None,
        })
    }
}

/// All the items.
///
/// The struct is a braced one, which lives in the type namespace only: a unit struct or a static would clash
/// with the function, and turn `let order_flow = …` into a pattern. Nothing else is put into the user's
/// scope. Local variables have mixed-site hygiene, and associated items a scope of their own: cases and their
/// parameters may be called as they like.
pub(crate) fn expand(case: &Definition) -> TokenStream {
    let function = &case.function;
    if function.is_method() {
        return quote!(#function);
    }
    let krate = case.options.krate(Span::mixed_site());
    let name = &function.signature.ident;
    let visibility = &function.visibility;
    let conditions: Vec<_> = function.conditions().collect();
    let the_case = the_case(case);
    let triggers = triggers(case);
    let senders = case
        .signals()
        .enumerate()
        .filter(|(_, (signal, _))| signal.sound)
        .map(|(index, (signal, _))| sender(case, index, signal));
    let registration = case.sound.then(|| {
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
        // A case has as many parameters as its request has steps, and that it fails is what it is for.
        #[allow(clippy::missing_errors_doc, clippy::missing_panics_doc, clippy::too_many_arguments)]
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
        #[non_exhaustive]
        #visibility struct #name {}

        #(#conditions)*
        #[allow(
            dead_code,
            deprecated,
            non_snake_case,
            non_upper_case_globals,
            private_bounds,
            private_interfaces,
            unreachable_pub,
            unused_variables
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
    let krate = case.options.krate(Span::mixed_site());
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
    let settings = case.options.settings.iter().map(|(name, value)| {
        // A schedule is made by one of its own constructors.
        if name == "schedule" {
            quote!(.#name(#krate::schedule::Schedule::#value))
        } else {
            quote!(.#name(#value))
        }
    });
    let arguments = case.arguments().map(|argument| {
        let (name, type_name) = (argument.wire_name(), argument.type_name());
        quote!(#krate::case::Argument { name: #name, type_name: #type_name })
    });
    let signals = case.signals().map(|(signal, options)| {
        let (name, type_name) = (signal.wire_name(), signal.type_name());
        let timeout = optional(options.timeout.map(duration::expression));
        let consumer_group = optional(options.consumer_group.as_ref().map(ToTokens::to_token_stream));
        let is_redacted = options.redact;
        quote!(#krate::case::SignalDefinition {
            name: #name,
            type_name: #type_name,
            timeout: #timeout,
            consumer_group: #consumer_group,
            is_redacted: #is_redacted,
        })
    });
    let tables = case.tables().map(|(table, window)| {
        let (name, type_name) = (table.wire_name(), table.type_name());
        let window = optional(window.map(|window| window.expression(&krate)));
        quote!(#krate::table::TableDefinition { name: #name, type_name: #type_name, window: #window })
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
                tables: &[#(#tables),*],
                run: #run,
            };
            &__CASE
        };
    }
}

/// An `Option`.
fn optional(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}

/// What calls the function with what an execution has.
fn run(case: &Definition) -> TokenStream {
    if !case.sound {
        return quote!(|_| ::core::unreachable!("a case with errors does not compile"));
    }
    let krate = case.options.krate(Span::mixed_site());
    let name = &case.function.signature.ident;
    // The positions of the arguments, of the signals and of the tables, each counted for itself.
    let (mut arguments, mut signals, mut tables) = (0_usize.., 0_usize.., 0_usize..);
    let values = case.parameters.iter().map(|Parameter { ty, kind, .. }| {
        let place = place(ty.span());
        match kind {
            Kind::Argument => {
                let index = arguments.next();
                quote_spanned!(place=> execution.argument::<#ty>(#index)?)
            }
            Kind::Signal(_) => {
                let index = signals.next();
                quote_spanned!(place=> execution.signal::<#ty>(#index))
            }
            Kind::Table { window } => {
                let index = tables.next();
                let method = if window.is_some() { "windowed_table" } else { "table" };
                let method = Ident::new(method, place);
                quote_spanned!(place=> execution.#method::<#ty>(#index))
            }
        }
    });
    let outcome = match &case.function.signature.output {
        // An opaque type has no place in a path.
        ReturnType::Type(_, ty) if !mentions_impl(ty.to_token_stream()) => {
            let place = place(ty.span());
            let krate = case.options.krate(place);
            quote_spanned!(place=> <#ty as #krate::outcome::Outcome>::into_result)
        }
        _ => quote_spanned!(place(name.span())=> #krate::outcome::Outcome::into_result),
    };
    // The execution, with the JSON of the arguments, is given up before the case runs: tests wait for hours.
    let hygienic = Span::mixed_site();
    let block = quote_spanned! {hygienic=>
        async move {
            let future = {
                let execution = *execution;
                #name(#(#values),*)
            };
            #outcome(future.await)
        }
    };
    let future = quote_spanned!(place(name.span())=> ::std::boxed::Box::pin(test.scope(#block)));
    quote_spanned! {hygienic=>
        |execution| {
            let (test, execution) = execution.in_test();
            #future
        }
    }
}

/// Where the compiler says what is wrong with generated code, while its names stay hygienic and its lints
/// those of a macro.
fn place(span: Span) -> Span {
    span.resolved_at(Span::mixed_site())
}

fn mentions_impl(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions_impl(group.stream()),
        TokenTree::Ident(word) => word == "impl",
        _ => false,
    })
}

/// The type that a signal carries.
fn payload(case: &Definition, signal: &Parameter) -> TokenStream {
    let ty = &signal.ty;
    let place = place(ty.span());
    let krate = case.options.krate(place);
    quote_spanned!(place=> <#ty as #krate::signal::SignalParameter>::Payload)
}

/// The functions `trigger` and `maybe_trigger`.
fn triggers(case: &Definition) -> TokenStream {
    let name = case.function.signature.ident.unraw();
    let explained = explained(case);
    let always = format!("Asks for an execution of the case `{name}`.{explained}");
    let sampled = format!(
        "Asks for an execution of the case `{name}` with its probability: the way to follow a share of the \
         requests.{explained}"
    );
    let (always, sampled) =
        (trigger(case, "trigger", "always", &always), trigger(case, "maybe_trigger", "sampled", &sampled));
    quote!(#always #sampled)
}

/// A function that makes a trigger with the constructor of that name.
fn trigger(case: &Definition, name: &str, constructor: &str, doc: &str) -> TokenStream {
    let krate = case.options.krate(Span::mixed_site());
    let visibility = &case.function.visibility;
    let place_of_case = place(case.function.signature.ident.span());
    let name = Ident::new(name, place_of_case);
    let constructor = Ident::new(constructor, place_of_case);
    let parameters = case.arguments().map(|Parameter { name, ty, sound, .. }| {
        let place = place(ty.span());
        if *sound {
            let krate = case.options.krate(place);
            quote_spanned!(place=> #name: impl #krate::trigger::AsArgument<#ty>)
        } else {
            quote_spanned!(place=> #name: impl ::core::marker::Sized)
        }
    });
    let sound: Vec<_> = case.arguments().filter(|argument| argument.sound).collect();
    let writer = Ident::new("arguments", Span::mixed_site());
    let arguments = sound.into_iter().map(|argument| {
        let (name, ty, wire_name) = (&argument.name, &argument.ty, argument.wire_name());
        quote! {
            #writer.argument(#wire_name, #krate::trigger::AsArgument::<#ty>::as_argument(&#name));
        }
    });
    quote! {
        #[doc = #doc]
        #visibility fn #name(#(#parameters),*) -> #krate::trigger::Trigger {
            #krate::trigger::Trigger::#constructor(Self::CASE, |#writer| { #(#arguments)* })
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
    let place = place(signal.ty.span());
    let krate = case.options.krate(place);
    let visibility = &case.function.visibility;
    let name = &signal.name;
    let payload = payload(case, signal);
    let line = format!("Sends the signal `{}: {}`.", signal.wire_name(), signal.type_name());
    let doc = if signal.docs.is_empty() { line } else { format!("{}\n\n{line}", signal.docs) };
    quote_spanned! {place=>
        #[doc = #doc]
        #visibility const #name: #krate::signal::SignalSender<#payload> =
            #krate::signal::SignalSender::new(Self::CASE, #index);
    }
}
