module consumer {
  requires org.signsym;
}
