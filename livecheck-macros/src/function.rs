//! The function under an attribute, and what it must be.

use proc_macro2::TokenStream;
use quote::{ToTokens, TokenStreamExt};
use syn::parse::{ParseStream, Parser};
use syn::{Attribute, FnArg, Safety, Signature, Token, Visibility};

use crate::errors::Errors;

/// A function whose body has not been parsed: the compiler does that anyway, and says better what is wrong.
pub(crate) struct Function {
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) visibility: Visibility,
    pub(crate) signature: Signature,
    body: TokenStream,
    role: Role,
}

/// What an attribute makes of a function, in the words of its messages.
#[derive(Clone, Copy)]
pub(crate) struct Role {
    /// The attribute.
    pub(crate) attribute: &'static str,
    /// What the function is, with an article.
    pub(crate) noun: &'static str,
    /// Why it is `async`.
    pub(crate) why_async: &'static str,
    /// Why it is not generic.
    pub(crate) why_not_generic: &'static str,
}

impl Function {
    /// The function, checked; or nothing where the item cannot be read as one. What is wrong is among the errors.
    pub(crate) fn checked(item: &TokenStream, role: Role, errors: &mut Errors) -> Option<Self> {
        let mut function = errors.take(Self::parse(item.clone(), role))?;
        function.check(errors);
        Some(function)
    }

    /// Takes the item apart.
    fn parse(item: TokenStream, role: Role) -> syn::Result<Self> {
        (|input: ParseStream<'_>| Self::read(input, role)).parse2(item)
    }

    /// Whether the struct of the same name can stand beside the function: a method's would stand inside the
    /// `impl`, where no item may.
    pub(crate) fn is_method(&self) -> bool {
        self.signature.receiver().is_some()
    }

    pub(crate) fn is_generic(&self) -> bool {
        !self.signature.generics.params.is_empty()
    }

    /// Says what keeps the function, apart from its parameters, from being a case; and mends what would only
    /// make the compiler say it again.
    fn check(&mut self, errors: &mut Errors) {
        let Role { noun, why_async, why_not_generic, .. } = self.role;
        let signature = &mut self.signature;
        if signature.asyncness.is_none() {
            errors.about(signature.fn_token, format_args!("{noun} is an `async fn`: {why_async}"));
            // So that an `.await` in the body is no error of its own.
            signature.asyncness = Some(Token![async](signature.fn_token.span));
        }
        if let Some(token) = signature.constness {
            errors.about(token, format_args!("{noun} cannot be `const`"));
            signature.constness = None;
        }
        if let Safety::Unsafe(token) = &signature.safety {
            let message =
                format!("{noun} cannot be `unsafe`: the runner calls it, and knows of no conditions");
            errors.about(token, message);
        }
        if let Some(abi) = &signature.abi {
            errors.about(abi, format_args!("{noun} cannot be `extern`: an `async fn` has Rust's own ABI"));
            signature.abi = None;
        }
        if let Some(variadic) = signature.variadic.take() {
            errors.about(
                variadic,
                format_args!("{noun} cannot be variadic: each argument has a name and a type"),
            );
        }
        if !signature.generics.params.is_empty() {
            let message = format!("{noun} cannot be generic: {why_not_generic}");
            errors.about(&signature.generics, message);
        }
        if let Some(clause) = &signature.generics.where_clause {
            errors.about(clause, format_args!("{noun} cannot have a `where` clause: it is not generic"));
        }
        if let Some(FnArg::Receiver(receiver)) = signature.inputs.first() {
            let message = format!("{noun} is a function of its own, not a method: move it out of the `impl`");
            errors.about(receiver, message);
        }
    }

    /// The `#[cfg]`s that stand behind our attribute, and so have not been evaluated yet: what is generated
    /// shares the function's fate.
    pub(crate) fn conditions(&self) -> impl Iterator<Item = &Attribute> {
        self.attributes.iter().filter(|attribute| attribute.path().is_ident("cfg"))
    }

    fn read(input: ParseStream<'_>, role: Role) -> syn::Result<Self> {
        let attributes = input.call(Attribute::parse_outer)?;
        let visibility = input.parse()?;
        let is_function = {
            // All that may stand before `fn` of a function.
            let ahead = input.fork();
            ahead.parse::<Option<Token![const]>>()?;
            ahead.parse::<Option<Token![async]>>()?;
            ahead.parse::<Option<Token![unsafe]>>()?;
            ahead.parse::<Option<syn::Abi>>()?;
            ahead.peek(Token![fn])
        };
        if !is_function {
            let message = format!("`{}` goes on an `async fn`", role.attribute);
            return Err(syn::Error::new(input.span(), message));
        }
        let signature: Signature = input.parse()?;
        if !input.peek(syn::token::Brace) {
            let span = signature.ident.span();
            let message = format!("{} has a body: it is no declaration in a trait", role.noun);
            return Err(syn::Error::new(span, message));
        }
        Ok(Self { attributes, visibility, signature, body: input.parse()?, role })
    }
}

impl ToTokens for Function {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attributes);
        self.visibility.to_tokens(tokens);
        self.signature.to_tokens(tokens);
        self.body.to_tokens(tokens);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: Role = Role {
        attribute: "#[livecheck::case]",
        noun: "a case",
        why_async: "it waits",
        why_not_generic: "its types are read",
    };

    fn problems(text: &str) -> Vec<String> {
        let mut errors = Errors::default();
        match Function::parse(text.parse().expect("Rust tokens"), ROLE) {
            Ok(mut function) => function.check(&mut errors),
            Err(error) => errors.push(error),
        }
        errors.messages()
    }

    #[test]
    fn an_async_function_is_fine() {
        for text in
            ["async fn f() {}", "pub(crate) async fn r#f(a: u8, mut b: B) -> livecheck::Result { .. }"]
        {
            assert_eq!(problems(text), [""; 0], "{text}");
        }
    }

    #[test]
    fn every_problem_is_said() {
        let problems = problems("const unsafe extern \"C\" fn f<T>(self, a: T, ...) where T: B {}");
        let about = ["async", "const", "unsafe", "extern", "variadic", "generic", "where", "method"];
        assert_eq!(problems.len(), about.len(), "{problems:#?}");
        for (word, problem) in about.iter().zip(&problems) {
            assert!(problem.contains(word), "{word}: {problem}");
        }
    }

    #[test]
    fn what_is_no_function_is_told_so() {
        for text in ["struct S;", "pub mod m {}", "impl S {}", "const C: u8 = 1;", "unsafe impl A for B {}"] {
            assert_eq!(problems(text), ["`#[livecheck::case]` goes on an `async fn`"], "{text}");
        }
        assert!(problems("async fn f();")[0].contains("body"));
    }

    #[test]
    fn the_function_comes_out_as_it_went_in() {
        let text = "# [must_use] pub async fn f (a : u8) -> R { not quite + }";
        let function = Function::parse(text.parse().expect("Rust tokens"), ROLE).expect("a function");
        assert_eq!(function.to_token_stream().to_string().replace(' ', ""), text.replace(' ', ""));
    }
}
