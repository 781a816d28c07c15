/** What a drop holds. To be read before the drop's event is over: afterwards its items are empty. */
export function entriesOf(transfer: DataTransfer): (FileSystemEntry | File | null)[] {
  return [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
}
