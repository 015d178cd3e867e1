import "mner-qg/react";
import type { Entity } from "mner-qg";
import { useState } from "react";

export function App() {
  const [text, setText] = useState("Two days in Paris with Anna Meier.");
  const [photo, setPhoto] = useState<File | null>(null);
  const [entities, setEntities] = useState<readonly Entity[]>([]);

  return (
    <main>
      <textarea aria-label="Text" value={text} onChange={(event) => setText(event.target.value)} />
      <input
        aria-label="Photo"
        type="file"
        accept="image/*"
        onChange={(event) => setPhoto(event.target.files?.[0] ?? null)}
      />
      <mner-qg
        text={text}
        image={photo}
        loading="eager"
        onmner-result={({ detail }) => setEntities(detail.result.entities)}
      />
      <p id="count">{entities.length} found</p>
      <ul>
        {entities.map(({ start, end, type, text: name, region }) => (
          <li key={`${start}-${end}-${type}`}>
            {name} ({type}
            {region ? ", in the photo" : ""})
          </li>
        ))}
      </ul>
    </main>
  );
}
