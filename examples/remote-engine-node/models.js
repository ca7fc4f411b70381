// Keeps models as files: a model outlives restarts of this server and of NLU, until it is deleted.

import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const MODEL_ID = /^[0-9a-f]{64}$/;

export class Models {
  #folder;
  #loaded = new Map();

  constructor(folder) {
    mkdirSync(folder, { recursive: true });
    this.#folder = folder;
  }

  // Returns the id of a model, which is what it holds: the same examples make the same one.
  keep(model) {
    const text = JSON.stringify(model);
    const id = createHash("sha256").update(text).digest("hex");
    const unfinished = join(this.#folder, `${randomUUID()}.tmp`);
    writeFileSync(unfinished, text);
    renameSync(unfinished, this.#path(id)); // whole or not at all, whenever the process ends
    return id;
  }

  // Returns a model, or undefined when there is none of that id.
  get(id) {
    if (!this.#loaded.has(id)) {
      try {
        if (!MODEL_ID.test(id)) return undefined; // an id is never a path
        this.#loaded.set(id, JSON.parse(readFileSync(this.#path(id), "utf8")));
      } catch (error) {
        if (error.code === "ENOENT") return undefined;
        throw error;
      }
    }
    return this.#loaded.get(id);
  }

  delete(id) {
    this.#loaded.delete(id);
    if (MODEL_ID.test(id)) rmSync(this.#path(id), { force: true });
  }

  #path(id) {
    return join(this.#folder, `${id}.json`);
  }
}
