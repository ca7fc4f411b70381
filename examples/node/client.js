// A customer's client of Balie in Node.js, made from protos/ alone: no stubs are copied or generated.
//
// Usage: node client.js "Mag mijn hond mee?" [gateway address]
//
// It creates a conversation, watches it, sends the message, and prints what is said until the turn has ended.

import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import grpc from "@grpc/grpc-js";
import loader from "@grpc/proto-loader";

const PROTOS = fileURLToPath(new URL("../../protos", import.meta.url));
const CONTACT = "node-example";

const [text, address = "127.0.0.1:50051"] = process.argv.slice(2);
if (!text) {
  console.error('usage: node client.js "Mag mijn hond mee?" [gateway address]');
  process.exit(2);
}

const definition = loader.loadSync("balie/api/gateway/v1/conversation_service.proto", {
  includeDirs: [PROTOS],
  keepCase: true,
  longs: Number,
  enums: String,
  oneofs: true,
  defaults: true,
});
const { ConversationService } = grpc.loadPackageDefinition(definition).balie.api.gateway.v1;
const client = new ConversationService(address, grpc.credentials.createInsecure());

// The caller is told from the metadata; a message's author follows from it.
const caller = new grpc.Metadata();
caller.set("balie-act-as", `contact:${CONTACT}`);

// Every call has a deadline.
const within = (seconds) => ({ deadline: Date.now() + seconds * 1000 });

const call = (method, request, seconds = 10) =>
  new Promise((resolve, reject) => {
    client[method](request, caller, within(seconds), (error, reply) => (error ? reject(error) : resolve(reply)));
  });

let watch;
try {
  const { conversation } = await call("CreateConversation", {
    contact_id: CONTACT,
    channel: "node",
    request_id: randomUUID(),
  });

  watch = client.WatchConversation({ conversation_id: conversation.id }, caller, within(60));
  const ended = new Promise((resolve, reject) => {
    watch.on("data", ({ event }) => {
      if (event.message) {
        const who = event.message.author.replace("AUTHOR_", "").toLowerCase();
        console.log(`${event.message.seq} ${who}: ${event.message.text}`);
      } else if (["TURN_STATE_DONE", "TURN_STATE_SUPERSEDED"].includes(event.turn_changed?.state)) {
        resolve();
      }
    });
    watch.on("error", reject);
  });
  ended.catch(() => {}); // looked at below, after the message was sent

  // Sent again with the same request_id, it would be stored once.
  await call("SendMessage", { conversation_id: conversation.id, text, request_id: randomUUID() });
  await ended;
} catch (error) {
  console.error(`${grpc.status[error.code] ?? "ERROR"}: ${error.details ?? error.message}`);
  process.exitCode = 1;
} finally {
  watch?.removeAllListeners("error").on("error", () => {}); // the end that comes next is ours
  watch?.cancel();
  client.close();
}
