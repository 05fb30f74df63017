// The bundled pictures, with questions that the bundled model was taught with.
import { element } from "../elements";

interface Example {
  image: string;
  alt: string;
  question: string;
}

const EXAMPLES: Example[] = [
  { image: "elephant-mouse.png", alt: "An elephant and a mouse", question: "What is to the left of the mouse?" },
  { image: "hello.png", alt: "A sign that says hello", question: "What does the text say?" },
  { image: "shapes.png", alt: "Coloured shapes", question: "What do you see?" },
];

export function showExamples(
  list: HTMLElement, onChosen: (picture: File, question: string) => void, onFault: (sentence: string) => void): void {
  for (const example of EXAMPLES) {
    const source = `examples/${example.image}`;
    const button = element("button", { type: "button", class: "example" },
      element("img", { src: source, alt: example.alt, width: 160, height: 120 }), element("span", {}, example.question));
    button.addEventListener("click", () => {
      fetch(source)
        .then(async (response) => onChosen(new File([await response.blob()], example.image, { type: "image/png" }), example.question))
        .catch(() => onFault("The example could not be fetched from the server."));
    });
    list.append(element("li", {}, button));
  }
}
