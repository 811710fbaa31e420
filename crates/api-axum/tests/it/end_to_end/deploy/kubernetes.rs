//! The Kubernetes manifest, against the schemas of Kubernetes and the rules of its restricted pods.

use std::fs;

use serde_json::{Value, json};

use super::super::home::Home;
use super::{is_pinned, judged_good, yaml};

fn of_kind<'a>(all: &'a [Value], kind: &str) -> &'a Value {
    all.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
}

#[test]
fn the_manifest_is_what_kubernetes_expects() {
    for version in ["1.31", "1.37"] {
        judged_good("kubernetes-validate", &["-k", version, "--strict", "kubernetes.yaml"]);
    }
}

#[test]
fn pods_are_many_spread_probed_and_without_rights() {
    let all = yaml("kubernetes.yaml");
    let deployment = &of_kind(&all, "Deployment")["spec"];
    assert!(deployment["replicas"].as_u64().unwrap() >= 2);
    assert_eq!(deployment["strategy"]["rollingUpdate"]["maxUnavailable"], 0);
    let pod = &deployment["template"]["spec"];
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);
    assert_eq!(pod["securityContext"]["seccompProfile"]["type"], "RuntimeDefault");
    assert_eq!(pod["automountServiceAccountToken"], false);
    assert_eq!(pod["enableServiceLinks"], false, "JETON_PORT would be an unknown setting");
    assert!(!pod["topologySpreadConstraints"].as_array().unwrap().is_empty());
    let container = &pod["containers"][0];
    assert!(is_pinned(container["image"].as_str().unwrap()));
    assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true);
    assert_eq!(container["securityContext"]["allowPrivilegeEscalation"], false);
    assert_eq!(container["securityContext"]["capabilities"]["drop"], json!(["ALL"]));
    for (probe, path) in [("startupProbe", "/readyz"), ("readinessProbe", "/readyz"), ("livenessProbe", "/livez")] {
        assert_eq!(container[probe]["httpGet"]["path"], path);
    }
    let secrets = pod["volumes"].as_array().unwrap().iter().find(|volume| volume["name"] == "secrets").unwrap();
    assert_eq!(secrets["secret"]["defaultMode"], 0o440);
    // What the volumes mount is where the variables look.
    for name in ["JETON_MASTER_KEY_FILE", "JETON_DATABASE_URL_FILE", "JETON_CONFIG"] {
        let variables = container["env"].as_array().unwrap();
        let value = variables.iter().find(|variable| variable["name"] == name).unwrap()["value"].as_str().unwrap();
        let mounts = container["volumeMounts"].as_array().unwrap();
        assert!(mounts.iter().any(|mount| value.starts_with(mount["mountPath"].as_str().unwrap())), "{name}");
    }
}

#[test]
fn everything_selects_the_same_pods_and_one_is_always_there() {
    let all = yaml("kubernetes.yaml");
    let labels = &of_kind(&all, "Deployment")["spec"]["template"]["metadata"]["labels"];
    assert_eq!(&of_kind(&all, "Service")["spec"]["selector"], labels);
    let budget = &of_kind(&all, "PodDisruptionBudget")["spec"];
    assert_eq!((&budget["selector"]["matchLabels"], &budget["minAvailable"]), (labels, &json!(1)));
    let policy = &of_kind(&all, "NetworkPolicy")["spec"];
    assert_eq!(&policy["podSelector"]["matchLabels"], labels);
    assert_eq!(policy["policyTypes"], json!(["Ingress", "Egress"]));
    assert!(
        policy["ingress"].as_array().unwrap().iter().all(|rule| rule["from"].is_array()),
        "nobody comes from anywhere"
    );
}

#[test]
fn the_configuration_in_the_manifest_is_good() {
    let home = Home::on_sqlite();
    let all = yaml("kubernetes.yaml");
    let text = of_kind(&all, "ConfigMap")["data"]["jeton.toml"].as_str().unwrap();
    let file = home.folder().join("jeton-of-the-pods.toml");
    fs::write(&file, text).unwrap();
    home.run(&["config", "check", "--config", file.to_str().unwrap()]).success();
}
