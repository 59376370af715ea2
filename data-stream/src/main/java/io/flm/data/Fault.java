package io.flm.data;

/**
 * What is wrong with a file on a server, as the end of a line about it.
 *
 * @param advice what to do about it
 */
record Fault(String what, String advice) {
    @Override
    public String toString() {
        return what + "; " + advice;
    }
}
