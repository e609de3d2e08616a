"""The table of feature states shows every stage of a feature."""

from book._ext import features


def test_a_row_has_the_stages_the_gate_and_a_link_to_the_kep():
    feature = {
        "feature": "Sidecars",
        "gate": "SidecarContainers",
        "kep": 753,
        "alpha": "1.28",
        "beta": "1.29",
        "stable": "1.33",
        "removed": "1.37",
    }
    assert features.row(feature) == [
        "Sidecars",
        "alpha since 1.28; beta since 1.29, on by default; stable since 1.33",
        "`SidecarContainers`, removed in 1.37",
        "[753](https://kep.k8s.io/753)",
    ]


def test_every_feature_has_a_stage_and_stages_in_order():
    for feature in features.features():
        stages = [feature[key] for key in ("alpha", "beta_off", "beta", "stable") if key in feature]
        versions = [tuple(map(int, stage.split("."))) for stage in stages]
        assert versions
        assert versions == sorted(versions)
