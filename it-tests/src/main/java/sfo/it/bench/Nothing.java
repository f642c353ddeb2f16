package sfo.it.bench;

/** What starting Java alone costs on this machine: other figures are read beside it. */
final class Nothing {
    private Nothing() {}

    public static void main(String[] words) {}
}
