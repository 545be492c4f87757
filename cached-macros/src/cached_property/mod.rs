//! `#[cached_property]`: a method without arguments becomes the getter of a lazy field.
//!
//! The getter keeps its body, in a closure; what changes is the return type: `T` becomes `&T`, or
//! `Arc<T>` with `shared` or `ttl`, and `Result<T, E>` becomes a `Result` of that. Nothing is
//! emitted beside it, so it works in any `impl`, generic or not.

pub(crate) mod borrows;
mod check;
mod expand;
pub(crate) mod field;
mod options;
mod returns;

#[cfg(test)]
mod tests;

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::{Lifetime, Type};

use self::field::FieldPath;
use self::options::Options;
use self::returns::Returns;
use crate::diagnostics::Faults;
use crate::function::Function;
use crate::options::duration::Duration;
use crate::paths::Runtime;

/// A getter that cannot be wrong.
struct Property {
    function: Function,
    /// `self` with the user's hygiene.
    receiver: Ident,
    /// The `'a` of `&'a self`.
    lifetime: Option<Lifetime>,
    field: FieldPath,
    returned: Type,
    returns: Returns,
    sharing: Sharing,
    runtime: Runtime,
}

/// What the getter hands out.
enum Sharing {
    Reference,
    /// An `Arc`, of a value that is younger than this.
    Arc {
        ttl: Duration,
    },
}

/// Expands the attribute; on a fault, to the fault and the untouched function.
pub(crate) fn expand(attr: TokenStream, item: TokenStream) -> TokenStream {
    match parse(attr, item.clone()) {
        Ok(property) => property.expand(),
        Err(faults) => {
            let faults = faults.into_tokens();
            quote!(#faults #item)
        }
    }
}

fn parse(attr: TokenStream, item: TokenStream) -> Result<Property, Faults> {
    let function = Function::parse_for("cached_property", item)?;
    let mut faults = Faults::default();
    let mut options = Options::parse(attr, &mut faults);
    let checked = check::check(&function, &mut faults);
    let getter = match checked {
        Some(getter) => faults.unless_any(getter)?,
        None => return Err(faults),
    };
    Ok(Property {
        receiver: getter.receiver,
        lifetime: getter.lifetime,
        field: options
            .field
            .take()
            .unwrap_or_else(|| FieldPath::named(&function.sig.ident)),
        returns: Returns::of(&getter.returned, options.result),
        returned: getter.returned,
        sharing: options.sharing(),
        runtime: Runtime::at(options.crate_path),
        function,
    })
}
