"""A channel retries what the contract calls repeatable, and nothing else."""

import json
import subprocess
import sys

from google.protobuf.descriptor_pb2 import MethodOptions
from grpc_health.v1 import health_pb2
from tests.fakes import probe

from balie.client.service_config import api_services, repeatable_methods, service_config


def test_finds_every_service_of_the_contract() -> None:
    names = {service.full_name for service in api_services()}
    assert {
        "balie.api.gateway.v1.ConversationService",
        "balie.api.nlu.v1.NluService",
        "balie.api.nlu.v1.EncoderService",
        "balie.api.faq.v1.FaqService",
        "balie.api.faq.v1.KnowledgeService",
        "balie.api.handoff.v1.RouterService",
        "balie.api.handoff.v1.HandoffService",
        "balie.api.handoff.v1.AgentService",
        "balie.api.handoff.v1.QueueService",
    } <= names


def test_retries_exactly_what_the_contract_calls_repeatable() -> None:
    config = json.loads(service_config())
    (method_config,) = config["methodConfig"]
    retried = {(name["service"], name["method"]) for name in method_config["name"]}
    methods = [method for service in api_services() for method in service.methods]
    assert retried == {
        (method.containing_service.full_name, method.name)
        for method in methods
        if method.GetOptions().idempotency_level != MethodOptions.IDEMPOTENCY_UNKNOWN
    }
    assert ("balie.api.gateway.v1.ConversationService", "GetConversation") in retried
    assert ("balie.api.gateway.v1.ConversationService", "Converse") not in retried
    assert len(retried) < len(methods)


def test_retries_when_the_service_was_unavailable_and_waits_longer_each_time() -> None:
    (method_config,) = json.loads(service_config())["methodConfig"]
    assert method_config["retryPolicy"] == {
        "maxAttempts": 4,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 2,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    assert "timeout" not in method_config


def test_spreads_calls_over_replicas_and_retries_nothing_that_is_not_marked() -> None:
    services = [health_pb2.DESCRIPTOR.services_by_name["Health"]]
    assert json.loads(service_config(services)) == {"loadBalancingConfig": [{"round_robin": {}}]}


def test_reads_the_level_of_each_method() -> None:
    described = probe.described_service((probe.UNARY, probe.WRITTEN))
    assert repeatable_methods([described]) == [(probe.SERVICE, probe.UNARY), (probe.SERVICE, probe.WRITTEN)]


BASE_INSTALL = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        top = name.partition(".")[0]
        known = {"balie", "google", "grpc", "typing_extensions", "cython_runtime"} | sys.stdlib_module_names
        if top not in known or name in {"balie.kit", "balie.gateway", "balie.nlu", "balie.faq", "balie.handoff"}:
            raise ModuleNotFoundError(name, name=name)

sys.meta_path.insert(0, Refusing())
import balie.client
balie.client.service_config()
print("done")
"""


def test_needs_nothing_that_the_base_install_lacks() -> None:
    done = subprocess.run([sys.executable, "-c", BASE_INSTALL], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("done\n", "")
