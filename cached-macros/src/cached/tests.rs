#[test]
fn probe() {
    let item: proc_macro2::TokenStream = std::env::var("ITEM").unwrap().parse().unwrap();
    let attr: proc_macro2::TokenStream = std::env::var("ATTR").unwrap().parse().unwrap();
    let out = super::expand(attr, item, Default::default());
    println!("{}", prettyplease::unparse(&syn::parse2(out).unwrap()));
}
