// An intent engine for Balie in Node.js, made from protos/ alone: no stubs are copied or generated.
//
// Usage: node server.js [address] [folder of the models]
//
// It serves balie.api.nlu.v1.EngineService; what that has to do is written in protos/balie/api/nlu/v1/engine_service.proto.

import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";
import { Models } from "./models.js";
import { learn, rank } from "./naive_bayes.js";

const PROTOS = fileURLToPath(new URL("../../protos", import.meta.url));
const [address = "127.0.0.1:50061", folder = "models"] = process.argv.slice(2);

const definition = loader.loadSync("balie/api/nlu/v1/engine_service.proto", {
  includeDirs: [PROTOS],
  keepCase: true,
  longs: Number,
  enums: String,
  oneofs: true,
  defaults: true,
});
const { EngineService } = grpc.loadPackageDefinition(definition).balie.api.nlu.v1;
const models = new Models(folder);

const OPTIONS = [{ name: "smoothing", description: "What every word counts before it was seen, above 0 to 10; 0.1 without." }];

class Refusal extends Error {
  constructor(details, code = grpc.status.INVALID_ARGUMENT) {
    super(details);
    this.code = code;
    this.details = details;
  }
}

function smoothingOf(options) {
  const unknown = Object.keys(options).filter((name) => !OPTIONS.some((option) => option.name === name));
  if (unknown.length) throw new Refusal(`option ${unknown[0]} is unknown; known are: smoothing`);
  const smoothing = Number(options.smoothing ?? 0.1);
  if (!(smoothing > 0 && smoothing <= 10)) throw new Refusal(`option smoothing is ${options.smoothing}, must be above 0 to 10`);
  return smoothing;
}

function describeEngine(_call, answer) {
  answer(null, { name: "naive-bayes", version: "1", needs_vectors: false, options: OPTIONS });
}

// The spec comes first, then examples in parts, then the end of the client's side.
function trainEngine(call) {
  let spec;
  const examples = [];
  let refused = false;
  const attempt = (step) => {
    if (refused) return;
    try {
      step();
    } catch (error) {
      refused = true;
      const known = error instanceof Refusal || error instanceof RangeError;
      call.emit("error", known ? new Refusal(error.message) : new Refusal("training failed", grpc.status.INTERNAL));
    }
  };
  call.on("data", (request) =>
    attempt(() => {
      if (request.part === "spec") {
        spec = request.spec;
        smoothingOf(spec.options);
        call.write({ progress: { step: "reading examples", share: 0 } });
      } else if (!spec) {
        throw new Refusal("the spec comes first");
      } else {
        examples.push(...request.examples.examples);
        call.write({ progress: { step: "reading examples", share: (0.5 * examples.length) / spec.example_count } });
      }
    }),
  );
  call.on("end", () =>
    attempt(() => {
      if (!spec || !examples.length) throw new Refusal("there is nothing to learn from");
      if (call.cancelled) return; // nobody waits: nothing is kept
      const model = learn(spec.intents, examples, smoothingOf(spec.options));
      call.write({
        model: {
          model_id: models.keep(model),
          intents: spec.intents,
          description: `${model.vocabulary} words of ${spec.intents.length} intents`,
        },
      });
      call.end();
    }),
  );
}

function rankIntents(call, answer) {
  const model = models.get(call.request.model_id);
  if (!model) return answer(new Refusal("there is no such model", grpc.status.NOT_FOUND));
  answer(null, {
    model_id: call.request.model_id,
    rankings: call.request.messages.map((message) => rank(model, message.text)),
  });
}

function deleteEngineModel(call, answer) {
  models.delete(call.request.model_id);
  answer(null, {});
}

const server = new grpc.Server();
server.addService(EngineService.service, {
  DescribeEngine: describeEngine,
  TrainEngine: trainEngine,
  RankIntents: rankIntents,
  DeleteEngineModel: deleteEngineModel,
});
server.bindAsync(address, grpc.ServerCredentials.createInsecure(), (error, port) => {
  if (error) {
    console.error(error.message);
    process.exit(1);
  }
  console.log(`listening on ${address.replace(/:\d+$/, `:${port}`)}`);
});
process.on("SIGTERM", () => server.tryShutdown(() => process.exit(0)));
