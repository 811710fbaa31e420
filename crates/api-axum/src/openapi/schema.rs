//! Schemas of what is text or free on the wire and has no type of its own there.

use auth_domain::model::DeviceClass;
use utoipa::openapi::schema::{Array, Object, ObjectBuilder, OneOfBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};

use super::text;

/// The class of a device, which may be left out.
pub(crate) fn device_class() -> Object {
    let classes = DeviceClass::ALL.map(|class| Some(class.as_str()));
    let nullable = SchemaType::from_iter([Type::String, Type::Null]);
    let about = "The class of the device, where limits depend on it; without it the user agent tells.";
    let object = ObjectBuilder::new().schema_type(nullable).description(Some(about));
    object.enum_values(Some(classes.into_iter().chain([None]))).build()
}

/// A flag that has one value.
pub(crate) fn always<const VALUE: bool>() -> Object {
    ObjectBuilder::new().schema_type(Type::Boolean).enum_values(Some([VALUE])).build()
}

/// Whom a token is meant for: one, or several (RFC 7519 §4.1.3).
pub(crate) fn audience() -> Schema {
    let one = || ObjectBuilder::new().schema_type(Type::String);
    let of = OneOfBuilder::new().item(one()).item(Array::new(one()));
    of.description(Some("Whom it is meant for; of an access token alone.")).examples([text("jeton")]).build().into()
}

/// An object whose inside is the affair of browsers.
fn object(about: &str, example: serde_json::Value) -> Object {
    ObjectBuilder::new().schema_type(Type::Object).description(Some(about)).examples([example]).build()
}

/// What a browser answers when it is asked for a passkey.
pub(crate) fn credential() -> Object {
    let about = "A `PublicKeyCredential`, as its `toJSON` writes it (WebAuthn Level 3, §5.1).";
    object(
        about,
        serde_json::json!({
            "id": "c29tZXRoaW5n", "rawId": "c29tZXRoaW5n", "type": "public-key",
            "response": {"clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0In0"},
        }),
    )
}

/// What a browser is asked with.
pub(crate) fn ceremony_options() -> Object {
    let about = "What `navigator.credentials` is called with.";
    object(about, serde_json::json!({"publicKey": {"challenge": "c29tZXRoaW5nIHJhbmRvbQ", "rpId": "login.example"}}))
}

/// A JWK set (RFC 7517): what its keys have depends on their kind.
pub(crate) fn jwk_set() -> RefOr<Schema> {
    let key = serde_json::json!({
        "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig", "kid": "k7Yb2nQe",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
    });
    let item = ObjectBuilder::new().schema_type(Type::Object).examples([key]).required("kty");
    let item = item.property("kty", ObjectBuilder::new().schema_type(Type::String));
    let set = ObjectBuilder::new().description(Some("The public keys that verify access tokens (RFC 7517)."));
    RefOr::T(set.property("keys", Array::new(item)).required("keys").build().into())
}
