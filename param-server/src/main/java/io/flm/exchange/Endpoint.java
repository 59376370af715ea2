package io.flm.exchange;

/**
 * Where a node is reached, and the pass that lets streams in there. It goes from the node to the others by the control plane only:
 * the address alone does not let streams in.
 *
 * @param address {@code host:port}
 * @param pass no text for a log
 */
record Endpoint(String address, String pass) {
    private static final char BETWEEN = '/';

    static Endpoint parse(String text) {
        int end = text.indexOf(BETWEEN);
        return end < 0 ? new Endpoint(text, "") : new Endpoint(text.substring(0, end), text.substring(end + 1));
    }

    String text() {
        return address + BETWEEN + pass;
    }

    String host() {
        int colon = address.lastIndexOf(':');
        return colon < 0 ? address : address.substring(0, colon);
    }

    int port() {
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    /** Without the pass. */
    @Override
    public String toString() {
        return address;
    }
}
