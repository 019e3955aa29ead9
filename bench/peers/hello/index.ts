/** What every Worker takes at least: a runtime that starts, and an answer. */
export default {
  fetch(): Response {
    return new Response("Hello World!");
  },
};
