/**
 * Training of neural networks without weight transport. {@link org.signsym.Trainer} is where to begin; the messages of
 * {@code org.signsym.v1} are generated from the schema.
 */
module org.signsym {
  requires transitive com.google.protobuf;

  exports org.signsym;
  exports org.signsym.v1;
}
