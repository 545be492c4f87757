//! What a signature says: arguments and their bindings, the receiver, the flow, the value.

pub(crate) mod bindings;
pub(crate) mod output;
pub(crate) mod types;

use proc_macro2::{Ident, Span, TokenStream};
use quote::{format_ident, quote};
use syn::spanned::Spanned;
use syn::{FnArg, GenericParam, Pat, PatType, ReceiverKind, ReturnType, Type};

use crate::diagnostics::Faults;
use crate::function::{Function, plain};

/// How a function runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flow {
    Sync,
    Async,
    /// A plain function that returns `Pin<Box<dyn Future<Output = R>>>`: what `#[async_trait]`
    /// makes of an `async fn`.
    Boxed,
}

/// The parts of a signature that generated code is built from.
pub(crate) struct Signature {
    pub(crate) flow: Flow,
    pub(crate) receiver: Option<Receiver>,
    pub(crate) arguments: Vec<Argument>,
    pub(crate) types: Vec<Ident>,
    pub(crate) consts: Vec<Ident>,
    /// The type that is computed: what a future yields, else what is returned.
    pub(crate) output: Type,
}

/// The `self` of a method.
pub(crate) struct Receiver {
    /// `self` as the user wrote it: generated code needs its hygiene.
    pub(crate) token: Ident,
    pub(crate) by_value: bool,
    pub(crate) mutable: bool,
}

/// One argument other than `self`.
pub(crate) struct Argument {
    /// Its name in generated signatures.
    pub(crate) name: Ident,
    pub(crate) ty: Type,
    pub(crate) pat: Pat,
    /// The names that its pattern binds.
    pub(crate) bindings: Vec<Ident>,
}

impl Signature {
    pub(crate) fn of(function: &Function) -> Self {
        let sig = &function.sig;
        let (flow, output) = flow_and_output(sig);
        let typed = sig.inputs.iter().filter_map(|input| match input {
            FnArg::Typed(typed) => Some(typed),
            FnArg::Receiver(_) => None,
        });
        let idents = |pick: fn(&GenericParam) -> Option<Ident>| {
            sig.generics.params.iter().filter_map(pick).collect()
        };
        Self {
            flow,
            receiver: sig.receiver().map(Receiver::of),
            arguments: typed
                .enumerate()
                .map(|(at, typed)| Argument::of(at, typed))
                .collect(),
            types: idents(|param| match param {
                GenericParam::Type(param) => Some(param.ident.clone()),
                _ => None,
            }),
            consts: idents(|param| match param {
                GenericParam::Const(param) => Some(param.ident.clone()),
                _ => None,
            }),
            output,
        }
    }

    /// Rejects `&mut` arguments: a hit would not run what changes them.
    pub(crate) fn check_mutability(&self, faults: &mut Faults) {
        if let Some(receiver) = self.receiver.as_ref().filter(|receiver| receiver.mutable) {
            faults.at(
                receiver.token.span(),
                "a cached method cannot take `&mut self`: a hit would not change it",
                "take `&self`; to invalidate when something changes use `#[invalidates(..)]`",
            );
        }
        for argument in self
            .arguments
            .iter()
            .filter(|argument| types::is_mut_ref(&argument.ty))
        {
            let name = &argument.name;
            faults.over(
                &argument.ty,
                format!("the cached function takes `{name}` by `&mut`: a hit would not change it"),
                "take `&` or a value, or return what changes; a `&mut` connection becomes a pool \
                 or a handle that is cloned",
            );
        }
    }

    /// The argument that binds `name`.
    pub(crate) fn argument(&self, name: &str) -> Option<(&Argument, &Ident)> {
        self.arguments.iter().find_map(|argument| {
            let mut bindings = argument.bindings.iter();
            let binding = bindings.find(|binding| plain(binding) == name)?;
            Some((argument, binding))
        })
    }

    /// `::<T, N>` for the type and const parameters, or nothing.
    pub(crate) fn turbofish(&self, function: &Function) -> TokenStream {
        let params: Vec<&Ident> = function
            .sig
            .generics
            .params
            .iter()
            .filter_map(|param| match param {
                GenericParam::Type(param) => Some(&param.ident),
                GenericParam::Const(param) => Some(&param.ident),
                GenericParam::Lifetime(_) => None,
            })
            .collect();
        match params.is_empty() {
            true => TokenStream::new(),
            false => quote!(::<#(#params),*>),
        }
    }
}

fn flow_and_output(sig: &syn::Signature) -> (Flow, Type) {
    let written = match &sig.output {
        ReturnType::Default => syn::parse_quote_spanned!(sig.ident.span()=> ()),
        ReturnType::Type(_, ty) => (**ty).clone(),
    };
    match types::boxed_future(&written) {
        _ if sig.asyncness.is_some() => (Flow::Async, written),
        Some(output) => (Flow::Boxed, output.clone()),
        None => (Flow::Sync, written),
    }
}

impl Receiver {
    fn of(receiver: &syn::Receiver) -> Self {
        let (by_value, mutable) = match &receiver.kind {
            ReceiverKind::Value => (true, false),
            ReceiverKind::Reference(_, _, mutability) => (false, mutability.is_some()),
            ReceiverKind::Typed(_, ty) => (!types::is_ref(ty), types::holds_mut_ref(ty)),
            _ => (false, false),
        };
        let token = Ident::new("self", receiver.self_token.span());
        Self {
            token,
            by_value,
            mutable,
        }
    }
}

impl Argument {
    fn of(at: usize, typed: &PatType) -> Self {
        let bindings = bindings::of(&typed.pat);
        let name = match bindings.as_slice() {
            [only] => only.clone(),
            _ => format_ident!("__arg{at}", span = Span::mixed_site()),
        };
        Self {
            name,
            ty: (*typed.ty).clone(),
            pat: (*typed.pat).clone(),
            bindings,
        }
    }

    /// `let Path(id) = &id;` where the argument is a pattern: generated signatures name it whole.
    pub(crate) fn unpack(&self) -> Option<TokenStream> {
        let (name, pat) = (&self.name, bindings::by_reference(&self.pat)?);
        Some(quote!(#[allow(unused_variables)] let #pat = &#name;))
    }

    /// `name: Type`
    pub(crate) fn declaration(&self) -> TokenStream {
        let (name, ty) = (&self.name, &self.ty);
        quote!(#name: #ty)
    }

    /// Whether `tokens` name one of its bindings.
    pub(crate) fn is_named_in(&self, tokens: &TokenStream) -> bool {
        self.bindings
            .iter()
            .any(|name| types::mentions(tokens.clone(), &name.to_string()))
    }

    /// Where a message about this argument points.
    pub(crate) fn span(&self) -> Span {
        self.pat.span()
    }
}
