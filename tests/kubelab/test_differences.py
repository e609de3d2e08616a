"""Two versions of an object, compared field by field."""

from kubelab import differences


def test_fields_that_differ_are_named_by_their_path():
    before = {"type": "ClusterIP", "ports": [{"port": 80}], "selector": {"app": "echo"}}
    after = {"type": "NodePort", "ports": [{"port": 80, "nodePort": 30960}], "policy": "Cluster"}
    assert differences(before, after) == {
        "type": ["ClusterIP", "NodePort"],
        "selector.app": ["echo", None],
        "ports[0].nodePort": [None, 30960],
        "policy": [None, "Cluster"],
    }


def test_equal_objects_have_no_differences():
    assert differences({"ports": [{"port": 80}]}, {"ports": [{"port": 80}]}) == {}
