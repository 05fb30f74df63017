// The API key, asked for only when the server does.
import type { Client } from "../api/client";
import { byId, setText, show } from "../elements";

export class KeyForm {
  private readonly form = byId("key-form", HTMLFormElement);
  private readonly field = byId("key", HTMLInputElement);

  constructor(client: Client, onKey: () => void) {
    client.onUnauthorized = () => {
      if (!this.form.hidden) return;
      if (client.hasKey()) setText(byId("key-note", HTMLElement), "The server does not know the key that was given; try another one.");
      show(this.form, true);
      this.field.focus();
    };
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      client.setKey(this.field.value);
      this.field.value = "";
      show(this.form, false);
      onKey();
    });
  }
}
