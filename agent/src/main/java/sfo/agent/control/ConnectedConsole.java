package sfo.agent.control;

import java.util.Optional;
import java.util.concurrent.CompletionStage;
import sfo.protocol.control.Frame;

/** The terminal at the other end of a connection, as its client described it: what a verb says there becomes frames. */
final class ConnectedConsole implements Console {
    private static final int PIECE = 8 << 10;

    private final Connection connection;
    private final Frame client;

    /** @param client the frame that the request came in */
    ConnectedConsole(Connection connection, Frame client) {
        this.connection = connection;
        this.client = client;
    }

    @Override
    public boolean canAsk() {
        return client.flag(Frame.ASK);
    }

    @Override
    public boolean terminal() {
        return client.flag(Frame.TERMINAL);
    }

    @Override
    public int width() {
        return (int) Math.max(40, Math.min(400, client.number(Frame.WIDTH, 80)));
    }

    @Override
    public void out(String text) {
        pieces(Frame.OUT, text);
    }

    @Override
    public void err(String text) {
        pieces(Frame.ERR, text);
    }

    private void pieces(String kind, String text) {
        for (int at = 0; at < text.length(); ) {
            int to = Math.min(text.length(), at + PIECE);
            if (to < text.length() && Character.isHighSurrogate(text.charAt(to - 1))) {
                to--;
            }
            connection.put(new Frame().with(kind, text.substring(at, to)));
            at = to;
        }
    }

    @Override
    public void live(String lines) {
        connection.put(new Frame().with(Frame.LIVE, lines));
    }

    @Override
    public Optional<String> ask(String question) {
        return connection.ask(question);
    }

    @Override
    public void onDetach(String text) {
        connection.put(new Frame().with(Frame.DETACH, text));
    }

    @Override
    public CompletionStage<Void> gone() {
        return connection.gone();
    }
}
