/** The body of an answer. It is there: the sender throws otherwise. */
export async function bodyOf<T>(answer: Promise<{ data?: T }>): Promise<T> {
  return (await answer).data as T
}
