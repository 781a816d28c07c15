export { BackupError } from './backup-error.ts';
export { isPrivate, openBackupFolder } from './backup-folder.ts';
export { type BackupReport, backupLibrary } from './backup-library.ts';
export { type RestoreReport, restoreLibrary } from './restore-library.ts';
