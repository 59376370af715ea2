package io.flm.data;

/**
 * How a text embedding counts tokens: which row of its table of positions each one gets.
 *
 * @param padId the token whose row of the table of words is not trained
 * @param uncountedId the token that has the row before {@code first}, which is not trained either, and after which counting goes on as
 *     if it were not there; {@link #NONE}: every token counts
 * @param first the row of the first token
 */
public record PositionRule(int padId, int uncountedId, int first) {
    /** No token. */
    public static final int NONE = -1;

    /** The longest text, in tokens, for which a table has rows. */
    public int longestText(int rows) {
        return rows - first;
    }
}
